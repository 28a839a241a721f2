// Lineage as drawn: layers from left to right, few crossings.
export interface LineageNode {
  id: string; kind: string; title: string | null; code: string | null; detail: string | null; columns: { id: string; name: string }[];
  hidden: boolean; distance: number; touched: string[]; certain: boolean; calls: number; last_day: string | null;
}
export interface LineageEdge { from: string; to: string; flows: { from: string; to: string; copied: boolean; certain: boolean }[] }
export interface LineageGraph { nodes: LineageNode[]; edges: LineageEdge[]; complete: boolean }
export interface Impact { kind: string; kind_name: string; title: string; code: string | null; department_name: string | null; hidden: boolean; distance: number; fields: string; certain: boolean; calls: number; last_day: string | null }

export interface Placed { node: LineageNode; x: number; y: number }
export interface Drawing { placed: Placed[]; lines: { edge: LineageEdge; path: string }[]; width: number; height: number }

export const BOX = { width: 176, height: 50, gapX: 52, gapY: 14, thread: 12 };

// The layer of a node is one more than that of the furthest that it comes from. Edges never run in a circle but for datasets that feed
// each other; then the walk stops where it began.
function layers(graph: LineageGraph): Map<string, number> {
  const into = new Map<string, string[]>();
  for (const e of graph.edges) into.set(e.to, [...(into.get(e.to) ?? []), e.from]);
  const layer = new Map<string, number>();
  const walk = (id: string, path: Set<string>): number => {
    const known = layer.get(id);
    if (known !== undefined) return known;
    if (path.has(id)) return 0;
    path.add(id);
    const own = Math.max(-1, ...(into.get(id) ?? []).map((f) => walk(f, path))) + 1;
    path.delete(id);
    layer.set(id, own);
    return own;
  };
  graph.nodes.forEach((n) => walk(n.id, new Set()));
  return layer;
}

// What stands in a column: a node, or the place where an edge that goes further passes between the nodes.
interface Spot { id: string; node?: LineageNode }

export function draw(graph: LineageGraph): Drawing {
  const layer = layers(graph);
  const columns: Spot[][] = [];
  const put = (at: number, spot: Spot) => {
    for (let i = columns.length; i <= at; i++) columns.push([]);
    columns[at].push(spot);
  };
  for (const node of graph.nodes) put(layer.get(node.id)!, { id: node.id, node });
  // Each edge as the spots that it goes through, and their neighbours to the left and right.
  const known = graph.edges.filter((e) => layer.has(e.from) && layer.has(e.to));
  const ways = known.map((edge, n) => {
    const way = [edge.from];
    for (let at = layer.get(edge.from)! + 1; at < layer.get(edge.to)!; at++) {
      put(at, { id: `${n} ${at}` });
      way.push(`${n} ${at}`);
    }
    return { edge, way: [...way, edge.to] };
  });
  const left = new Map<string, string[]>();
  const right = new Map<string, string[]>();
  const meet = (map: Map<string, string[]>, a: string, b: string) => map.set(a, [...(map.get(a) ?? []), b]);
  for (const { way } of ways)
    for (let i = 1; i < way.length; i++) {
      meet(left, way[i], way[i - 1]);
      meet(right, way[i - 1], way[i]);
    }
  // Spots go where the middle of their neighbours is, there and back a few times.
  const place = new Map<string, number>();
  columns.forEach((c) => c.forEach((s, i) => place.set(s.id, i / c.length)));
  for (let round = 0; round < 8; round++) {
    const near = round % 2 === 0 ? left : right;
    for (const column of round % 2 === 0 ? columns : [...columns].reverse()) {
      const middle = new Map(column.map((s) => {
        const others = near.get(s.id) ?? [];
        return [s.id, others.length ? others.reduce((sum, o) => sum + place.get(o)!, 0) / others.length : place.get(s.id)!] as const;
      }));
      column.sort((a, b) => middle.get(a.id)! - middle.get(b.id)!);
      column.forEach((s, i) => place.set(s.id, (i + 0.5) / column.length));
    }
  }
  const tall = (s: Spot) => (s.node ? BOX.height : BOX.thread);
  const heights = columns.map((c) => c.reduce((sum, s) => sum + tall(s) + BOX.gapY, BOX.gapY));
  const height = Math.max(80, ...heights);
  const at = new Map<string, { x: number; y: number }>();
  const placed: Placed[] = [];
  columns.forEach((column, n) => {
    let y = (height - heights[n]) / 2 + BOX.gapY;
    const x = 8 + n * (BOX.width + BOX.gapX);
    for (const spot of column) {
      at.set(spot.id, { x, y: y + tall(spot) / 2 });
      if (spot.node) placed.push({ node: spot.node, x, y });
      y += tall(spot) + BOX.gapY;
    }
  });
  const lines = ways.map(({ edge, way }) => {
    const last = way.length - 1;
    const start = at.get(way[0])!;
    let path = `M${start.x + BOX.width} ${start.y}`;
    let [px, py] = [start.x + BOX.width, start.y];
    for (let i = 1; i <= last; i++) {
      const { x, y } = at.get(way[i])!;
      const bend = Math.max(24, Math.abs(x - px) / 2);
      path += ` C${px + bend} ${py} ${x - bend} ${y} ${x} ${y}`;
      if (i < last) path += ` L${x + BOX.width} ${y}`;
      [px, py] = [x + BOX.width, y];
    }
    return { edge, path };
  });
  return { placed, lines, width: columns.length * (BOX.width + BOX.gapX) - BOX.gapX + 16, height };
}
