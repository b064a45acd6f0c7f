/**
 * A layered drawing of who calls whom, callers on the left (Sugiyama, Tagawa and Toda, 1981): circles are broken, every service stands
 * right of its callers, long edges pass through places of their own, and the order within a layer follows the neighbours' means.
 */
export interface MapEdge {
  readonly caller: string;
  readonly callee: string;
}
export interface PlacedNode {
  readonly name: string;
  /** The middle of its box, in units of one column and one row. */
  readonly column: number;
  readonly row: number;
}
export interface PlacedEdge {
  readonly caller: string;
  readonly callee: string;
  /** The way from caller to callee, by columns and rows. */
  readonly points: readonly (readonly [column: number, row: number])[];
}
export interface MapLayout {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly columns: number;
  readonly rows: number;
}

const sweeps = 8;

interface Vertex {
  readonly name: string;
  readonly layer: number;
  readonly before: Vertex[];
  readonly after: Vertex[];
  row: number;
}

/** The order of `names` and `edges` decides between equals: give the busiest first. */
export function layOutMap(names: readonly string[], edges: readonly MapEdge[]): MapLayout {
  const forward = withoutCircles(names, edges);
  const layerOf = layersOf(names, forward);
  const layers: Vertex[][] = Array.from({ length: Math.max(0, ...layerOf.values()) + 1 }, () => []);
  const vertices = new Map<string, Vertex>();
  const place = (name: string, layer: number): Vertex => {
    const vertex: Vertex = { name, layer, before: [], after: [], row: layers[layer]!.length };
    layers[layer]!.push(vertex);
    return vertex;
  };
  for (const name of names) vertices.set(name, place(name, layerOf.get(name)!));
  const ways = forward.map((edge) => ({ edge, way: thread(vertices.get(edge.from)!, vertices.get(edge.to)!, place) }));
  orderLayers(layers);
  return {
    nodes: names.map((name) => ({ name, column: layerOf.get(name)!, row: vertices.get(name)!.row })),
    edges: ways.map(({ edge, way }) => {
      const points = way.map(({ layer, row }) => [layer, row] as const);
      return { caller: edge.caller, callee: edge.callee, points: edge.turned ? points.reverse() : points };
    }),
    columns: layers.length,
    rows: Math.max(1, ...layers.map((layer) => layer.reduce((max, { row }) => Math.max(max, row + 1), 1))),
  };
}

interface ForwardEdge extends MapEdge {
  readonly from: string;
  readonly to: string;
  /** It stands against the call: it would close a circle. */
  readonly turned: boolean;
}

/** Edges that lead back to a caller on the way here are turned around; calls of oneself are left out. */
function withoutCircles(names: readonly string[], edges: readonly MapEdge[]): readonly ForwardEdge[] {
  const callees = new Map<string, string[]>(names.map((name) => [name, []]));
  const called = new Set<string>();
  for (const { caller, callee } of edges) {
    callees.get(caller)?.push(callee);
    if (caller !== callee) called.add(callee);
  }
  const finished = new Map<string, number>();
  const open = new Set<string>();
  const visit = (first: string): void => {
    const stack = [{ name: first, next: 0 }];
    open.add(first);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const callee = callees.get(top.name)?.[top.next++];
      if (callee === undefined) {
        open.delete(top.name);
        finished.set(top.name, finished.size);
        stack.pop();
      } else if (!finished.has(callee) && !open.has(callee)) {
        open.add(callee);
        stack.push({ name: callee, next: 0 });
      }
    }
  };
  for (const name of [...names.filter((one) => !called.has(one)), ...names]) if (!finished.has(name)) visit(name);
  // In a depth-first walk exactly the edges that lead to something finished later lead back.
  return edges
    .filter(({ caller, callee }) => caller !== callee)
    .map(({ caller, callee }) => {
      const turned = finished.get(callee)! > finished.get(caller)!;
      return { caller, callee, turned, from: turned ? callee : caller, to: turned ? caller : callee };
    });
}

/** The longest way to each from those that nobody calls. */
function layersOf(names: readonly string[], edges: readonly ForwardEdge[]): ReadonlyMap<string, number> {
  const layers = new Map(names.map((name) => [name, 0]));
  for (let changed = true, rounds = 0; changed && rounds <= names.length; rounds++) {
    changed = false;
    for (const { from, to } of edges) {
      if (layers.get(to)! > layers.get(from)!) continue;
      layers.set(to, layers.get(from)! + 1);
      changed = true;
    }
  }
  return layers;
}

/** Joins two vertices through a place in every layer between them. */
function thread(from: Vertex, to: Vertex, place: (name: string, layer: number) => Vertex): Vertex[] {
  const way = [from];
  for (let layer = from.layer + 1; layer < to.layer; layer++) way.push(place('', layer));
  way.push(to);
  for (let i = 1; i < way.length; i++) {
    way[i - 1]!.after.push(way[i]!);
    way[i]!.before.push(way[i - 1]!);
  }
  return way;
}

/** Sweeps right and left, each layer by the mean place of its neighbours in the one before; then rows are spread around those means. */
function orderLayers(layers: readonly Vertex[][]): void {
  const mean = (neighbours: readonly Vertex[], own: number): number =>
    neighbours.length === 0 ? own : neighbours.reduce((sum, { row }) => sum + row, 0) / neighbours.length;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const right = sweep % 2 === 0;
    for (const layer of right ? layers : layers.toReversed()) {
      const wanted = new Map(layer.map((vertex) => [vertex, mean(right ? vertex.before : vertex.after, vertex.row)]));
      layer.sort((a, b) => wanted.get(a)! - wanted.get(b)!);
      layer.forEach((vertex, i) => (vertex.row = i));
    }
  }
  const most = Math.max(...layers.map((layer) => layer.length));
  for (const layer of layers) for (const vertex of layer) vertex.row += (most - layer.length) / 2;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const layer of layers) spread(layer, ({ before, after, row }) => mean([...before, ...after], row), most);
  }
}

/** Moves the vertices of a layer towards where they want to be, in order and a row apart. */
function spread(layer: readonly Vertex[], wantedOf: (vertex: Vertex) => number, rowCount: number): void {
  let least = 0;
  for (const [i, vertex] of layer.entries()) {
    const last = rowCount - (layer.length - i);
    vertex.row = Math.max(least, Math.min(last, wantedOf(vertex)));
    least = vertex.row + 1;
  }
}
