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

export const BOX = { width: 190, height: 52, gapX: 70, gapY: 16 };

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

export function draw(graph: LineageGraph): Drawing {
  const layer = layers(graph);
  const columns: LineageNode[][] = [];
  for (const n of graph.nodes) (columns[layer.get(n.id)!] ??= []).push(n);
  for (let i = 0; i < columns.length; i++) columns[i] ??= [];
  const place = new Map<string, number>();
  columns.forEach((c) => c.forEach((n, i) => place.set(n.id, i)));
  // Nodes go where the middle of their neighbours is, there and back a few times.
  const around = (id: string, left: boolean) => graph.edges.filter((e) => (left ? e.to : e.from) === id).map((e) => place.get(left ? e.from : e.to)!);
  for (let round = 0; round < 6; round++) {
    const left = round % 2 === 0;
    for (const column of left ? columns : [...columns].reverse()) {
      const middle = new Map(column.map((n, i) => {
        const near = around(n.id, left);
        return [n.id, near.length ? near.reduce((a, b) => a + b, 0) / near.length : i] as const;
      }));
      column.sort((a, b) => middle.get(a.id)! - middle.get(b.id)!);
      column.forEach((n, i) => place.set(n.id, i));
    }
  }
  const tallest = Math.max(1, ...columns.map((c) => c.length));
  const height = tallest * (BOX.height + BOX.gapY) + BOX.gapY;
  const placed = new Map<string, Placed>();
  columns.forEach((column, x) => {
    const top = (height - column.length * (BOX.height + BOX.gapY) + BOX.gapY) / 2;
    column.forEach((node, y) => placed.set(node.id, { node, x: 8 + x * (BOX.width + BOX.gapX), y: top + y * (BOX.height + BOX.gapY) }));
  });
  const lines = graph.edges.flatMap((edge) => {
    const a = placed.get(edge.from);
    const b = placed.get(edge.to);
    if (!a || !b) return [];
    const [x1, y1, x2, y2] = [a.x + BOX.width, a.y + BOX.height / 2, b.x, b.y + BOX.height / 2];
    const bend = Math.max(30, Math.abs(x2 - x1) / 2);
    return [{ edge, path: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` }];
  });
  return { placed: [...placed.values()], lines, width: columns.length * (BOX.width + BOX.gapX) - BOX.gapX + 16, height };
}
