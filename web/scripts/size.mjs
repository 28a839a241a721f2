// The first page must load under 500 KB gzipped: index.html and everything that it names.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
const html = readFileSync('dist/index.html', 'utf8');
const names = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((m) => m[1]);
const total = [html, ...names.map((n) => readFileSync(`dist/${n}`))].reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
console.log(`first page: ${Math.round(total / 1024)} KB gzipped in ${names.length + 1} files`);
if (total > 500 * 1024) process.exit(1);
