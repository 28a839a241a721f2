// node validate.mjs SHAPES.ttl DATA.ttl: what in the data breaks the shapes, a line each; exit code 1 when anything does.
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import ParserN3 from '@rdfjs/parser-n3';
import env from '@zazuko/env-node';
import SHACLValidator from 'rdf-validate-shacl';

const read = (file) => env.dataset().import(new ParserN3({ factory: env, baseIRI: 'urn:file:' }).import(Readable.from([readFileSync(file, 'utf8')])));
const [shapes, data] = await Promise.all(process.argv.slice(2, 4).map(read));
const report = await new SHACLValidator(shapes, { factory: env }).validate(data);
for (const r of report.results) console.log(`${r.focusNode?.value} ${r.path?.value ?? ''} ${r.sourceConstraintComponent?.value.split('#')[1]} ${r.value?.value ?? ''}`);
console.log(`${data.size} triples, ${report.results.length} violations`);
process.exit(report.conforms ? 0 : 1);
