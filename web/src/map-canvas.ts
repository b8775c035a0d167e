import type { Cluster } from './clusters.ts';

/** A hit of the query, in the coordinates of the points. */
export interface MapHit {
  readonly x: number;
  readonly y: number;
  readonly rank: number;
}

export interface MapEvents {
  readonly onHover: (point: number | undefined) => void;
  readonly onOpen: (point: number) => void;
  readonly onHit: (hit: number) => void;
  readonly onSelect: (points: readonly number[]) => void;
}

/** Pixels within which points cannot be told apart by a click. */
const CROWD = 4;

/** Draws points, and lets a mouse, a finger or the keyboard move among them. */
export class MapCanvas {
  readonly #context: CanvasRenderingContext2D;
  readonly #listening = new AbortController();
  readonly #resizing: ResizeObserver;
  #positions = new Float32Array(0);
  #colours: Uint8Array = new Uint8Array(0);
  #selected = new Set<number>();
  #at: number | undefined;
  #scale = 1;
  #x = 0;
  #y = 0;
  /** Whether the view was moved by hand: then it no longer follows the points. */
  #moved = false;
  #lassoing = false;
  #path: { x: number; y: number }[] = [];
  #labels: readonly Cluster[] = [];
  #hits: readonly MapHit[] = [];
  #drag: { x: number; y: number; far: boolean } | undefined;
  #frame = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly count: number,
    private readonly events: MapEvents,
  ) {
    this.#context = canvas.getContext('2d')!;
    const { signal } = this.#listening;
    canvas.addEventListener('pointerdown', (event) => this.#press(event), { signal });
    canvas.addEventListener('pointermove', (event) => this.#move(event), { signal });
    canvas.addEventListener('pointerup', (event) => this.#release(event), { signal });
    canvas.addEventListener('pointerleave', () => this.#hover(undefined), { signal });
    canvas.addEventListener('keydown', (event) => this.#key(event), { signal });
    canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        this.#zoomAt(event.offsetX, event.offsetY, Math.exp(-event.deltaY / 400));
      },
      { signal, passive: false },
    );
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw(), { signal });
    this.#resizing = new ResizeObserver(() => this.#resize());
    this.#resizing.observe(canvas);
  }

  place(positions: Float32Array<ArrayBuffer>): void {
    this.#positions = positions;
    if (!this.#moved) this.#fit();
    this.#draw();
  }

  colour(colours: Uint8Array): void {
    this.#colours = colours;
    this.#draw();
  }

  select(points: readonly number[]): void {
    this.#selected = new Set(points);
    this.#draw();
  }

  /** Names of the parts of the map. */
  label(labels: readonly Cluster[]): void {
    this.#labels = labels;
    this.#draw();
  }

  /** What a query found. */
  mark(hits: readonly MapHit[]): void {
    this.#hits = hits;
    this.#draw();
  }

  lasso(on: boolean): void {
    this.#lassoing = on;
    this.#path = [];
    this.#draw();
  }

  zoom(factor: number): void {
    const { width, height } = this.#size();
    this.#zoomAt(width / 2, height / 2, factor);
  }

  /** All points in view. */
  fit(): void {
    this.#moved = false;
    this.#fit();
    this.#draw();
  }

  stop(): void {
    this.#listening.abort();
    this.#resizing.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  #size(): { width: number; height: number } {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  #resize(): void {
    const { width, height } = this.#size();
    const ratio = devicePixelRatio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    if (!this.#moved) this.#fit();
    this.#draw();
  }

  #fit(): void {
    const p = this.#positions;
    if (p.length === 0) return;
    // All but the outermost in a hundred decide: a few points far away would make everything else a dot.
    const [left, right] = span(p, 0);
    const [top, bottom] = span(p, 1);
    const { width, height } = this.#size();
    const room = Math.max(40, height - TOOLS);
    this.#scale = 0.88 * Math.min(width / Math.max(right - left, 1e-6), room / Math.max(bottom - top, 1e-6));
    this.#x = width / 2 - (this.#scale * (left + right)) / 2;
    this.#y = TOOLS + room / 2 - (this.#scale * (top + bottom)) / 2;
  }

  #zoomAt(x: number, y: number, factor: number): void {
    const scale = Math.min(1e5, Math.max(1e-2, this.#scale * factor));
    const real = scale / this.#scale;
    this.#x = x - (x - this.#x) * real;
    this.#y = y - (y - this.#y) * real;
    this.#scale = scale;
    this.#moved = true;
    this.#draw();
  }

  #screen(i: number): { x: number; y: number } {
    return this.#onScreen(this.#positions[2 * i]!, this.#positions[2 * i + 1]!);
  }

  #onScreen(x: number, y: number): { x: number; y: number } {
    return { x: x * this.#scale + this.#x, y: y * this.#scale + this.#y };
  }

  /** Points so near to a place on the screen, nearest first. */
  #around(x: number, y: number, within: number): number[] {
    const near: { point: number; distance: number }[] = [];
    for (let point = 0; point < this.count; point++) {
      const at = this.#screen(point);
      const distance = Math.hypot(at.x - x, at.y - y);
      if (distance <= within) near.push({ point, distance });
    }
    return near.sort((a, b) => a.distance - b.distance).map(({ point }) => point);
  }

  #nearest(
    x: number,
    y: number,
    within: number,
    allowed: (dx: number, dy: number) => boolean = () => true,
  ): number | undefined {
    let best: number | undefined;
    let least = within * within;
    for (let i = 0; i < this.count && 2 * i < this.#positions.length; i++) {
      const point = this.#screen(i);
      const dx = point.x - x;
      const dy = point.y - y;
      const square = dx * dx + dy * dy;
      if (square < least && allowed(dx, dy)) {
        least = square;
        best = i;
      }
    }
    return best;
  }

  #press(event: PointerEvent): void {
    this.canvas.setPointerCapture(event.pointerId);
    this.#drag = { x: event.offsetX, y: event.offsetY, far: false };
    if (this.#lassoing) this.#path = [{ x: event.offsetX, y: event.offsetY }];
  }

  #move(event: PointerEvent): void {
    const { offsetX: x, offsetY: y } = event;
    const drag = this.#drag;
    if (drag === undefined) {
      this.#hover(this.#nearest(x, y, 14));
      return;
    }
    if (Math.hypot(x - drag.x, y - drag.y) > 4) drag.far = true;
    if (this.#lassoing) this.#path.push({ x, y });
    else if (drag.far) {
      this.#x += x - drag.x;
      this.#y += y - drag.y;
      this.#moved = true;
      this.#drag = { x, y, far: true };
    }
    this.#draw();
  }

  #release(event: PointerEvent): void {
    const drag = this.#drag;
    this.#drag = undefined;
    if (this.#lassoing) {
      const path = this.#path;
      this.#path = [];
      this.events.onSelect(
        Array.from({ length: this.count }, (_, i) => i).filter((i) => isInside(path, this.#screen(i))),
      );
      return;
    }
    if (drag?.far === true) return;
    const hit = this.#hits.findIndex(({ x, y }) => {
      const at = this.#onScreen(x, y);
      return Math.hypot(at.x - event.offsetX, at.y - event.offsetY) < HIT_RADIUS;
    });
    if (hit >= 0) {
      this.events.onHit(hit);
      return;
    }
    // Where several lie on each other, nobody can see which one is meant.
    const crowd = this.#around(event.offsetX, event.offsetY, CROWD);
    if (crowd.length > 1) {
      this.events.onSelect(crowd);
      return;
    }
    const point = this.#nearest(event.offsetX, event.offsetY, 14);
    if (point !== undefined) this.events.onOpen(point);
  }

  #key(event: KeyboardEvent): void {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (direction !== undefined) {
      event.preventDefault();
      if (this.#at === undefined) {
        const { width, height } = this.#size();
        this.#hover(this.#nearest(width / 2, height / 2, 1e9));
        return;
      }
      const from = this.#screen(this.#at);
      const [ax = 0, ay = 0] = direction;
      // Within 45 degrees of the direction, so that every point can be reached and the way back is near.
      const next = this.#nearest(from.x, from.y, 1e9, (dx, dy) => {
        const along = dx * ax + dy * ay;
        return along > 0.5 && along >= Math.abs(dx * ay + dy * ax);
      });
      if (next !== undefined) this.#hover(next);
    } else if (event.key === 'Enter' && this.#at !== undefined) this.events.onOpen(this.#at);
    else if (event.key === '+' || event.key === '=') this.zoom(1.3);
    else if (event.key === '-') this.zoom(1 / 1.3);
    else if (event.key === 'Escape') this.#hover(undefined);
  }

  #hover(point: number | undefined): void {
    if (point === this.#at) return;
    this.#at = point;
    this.events.onHover(point);
    this.#draw();
  }

  #draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    const context = this.#context;
    const style = getComputedStyle(this.canvas);
    const ratio = devicePixelRatio;
    const { width, height } = this.#size();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const palette = Array.from({ length: 10 }, (_, i) => style.getPropertyValue(`--c${i}`));
    const radius = Math.max(2, Math.min(6, 2 + Math.log2(1 + this.#scale / 40)));
    const dim = this.#selected.size > 0;
    const faint = this.#hits.length > 0;
    for (let i = 0; 2 * i < this.#positions.length; i++) {
      const { x, y } = this.#screen(i);
      if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
      context.globalAlpha = dim && !this.#selected.has(i) ? 0.15 : faint ? 0.4 : 0.8;
      context.fillStyle = palette[this.#colours[i] ?? 9]!;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
    this.#paintLabels(style, width, height);
    this.#paintHits(style);
    context.strokeStyle = style.getPropertyValue('--ink');
    if (this.#at !== undefined) {
      const { x, y } = this.#screen(this.#at);
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, y, radius + 4, 0, 2 * Math.PI);
      context.stroke();
    }
    if (this.#path.length > 1) {
      context.lineWidth = 1.5;
      context.setLineDash([5, 4]);
      context.beginPath();
      for (const { x, y } of this.#path) context.lineTo(x, y);
      context.closePath();
      context.stroke();
      context.setLineDash([]);
    }
  }

  /** The largest first; a name that would cover another one stays away. */
  #paintLabels(style: CSSStyleDeclaration, width: number, height: number): void {
    const context = this.#context;
    context.font = `600 13px ${style.getPropertyValue('--sans')}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.lineJoin = 'round';
    context.lineWidth = 4;
    context.strokeStyle = style.getPropertyValue('--paper');
    context.fillStyle = style.getPropertyValue('--ink');
    const taken: { x: number; y: number; half: number }[] = [];
    for (const { x, y, label } of this.#labels) {
      const edge = this.#onScreen(x, y);
      const at = { x: edge.x, y: edge.y - ABOVE };
      const half = context.measureText(label).width / 2 + 6;
      if (at.x < half || at.x > width - half || at.y < TOOLS || at.y > height - 12) continue;
      if (taken.some((one) => Math.abs(one.x - at.x) < one.half + half && Math.abs(one.y - at.y) < 20)) continue;
      taken.push({ ...at, half });
      context.strokeText(label, at.x, at.y);
      context.fillText(label, at.x, at.y);
    }
  }

  #paintHits(style: CSSStyleDeclaration): void {
    const context = this.#context;
    context.font = `600 11px ${style.getPropertyValue('--sans')}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    // The best one last, so that it lies on top.
    for (const { x, y, rank } of this.#hits.toReversed()) {
      const at = this.#onScreen(x, y);
      const isFirst = rank <= NUMBERED;
      context.beginPath();
      context.arc(at.x, at.y, isFirst ? HIT_RADIUS - 2 : 5, 0, 2 * Math.PI);
      context.fillStyle = style.getPropertyValue('--accent');
      context.fill();
      context.lineWidth = 1.5;
      context.strokeStyle = style.getPropertyValue('--raised');
      context.stroke();
      if (!isFirst) continue;
      context.fillStyle = style.getPropertyValue('--on-accent');
      context.fillText(String(rank), at.x, at.y + 0.5);
    }
  }
}

/** Pixels between the upper edge of a cluster and the middle of its name. */
const ABOVE = 12;

/** Hits that show their rank. */
const NUMBERED = 20;

/** Pixels around the middle of a hit. */
const HIT_RADIUS = 12;

/** Pixels at the top that buttons cover. */
const TOOLS = 60;

/** Where most of the points lie along an axis. */
function span(positions: Float32Array, axis: 0 | 1): [number, number] {
  const values = positions.filter((_, i) => i % 2 === axis).sort();
  const out = Math.floor(values.length / 100);
  return [values[out]!, values[values.length - 1 - out]!];
}

/** Whether a point lies inside a polygon: crossings of a ray to the right (even-odd rule). */
function isInside(path: readonly { x: number; y: number }[], { x, y }: { x: number; y: number }): boolean {
  let inside = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const a = path[i]!;
    const b = path[j]!;
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}
