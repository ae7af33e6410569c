import { EventEmitter, once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenChunk {
  session: string;
  index: number;
  /** Of the server's answer; absent where there is none. */
  status?: number;
}

/** A line to a server on which one can see the chunks go by, and hold them up. Where the server is away, it is cut. */
export class Line {
  /** In the order in which they came. */
  readonly chunks: SeenChunk[] = [];
  readonly #server: Server;
  readonly #news = new EventEmitter().setMaxListeners(100);
  readonly #to: URL;
  readonly #fields: string;
  /** Answers to chunks that wait. */
  readonly #held = new Set<ServerResponse>();
  #passed = 0;
  #allowed = Infinity;

  private constructor(origin: string, fields: Record<string, string>) {
    this.#to = new URL(origin);
    this.#fields = new URLSearchParams(fields).toString();
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** `fields` are given to each chunk on its way. */
  static async to(origin: string, fields: Record<string, string>): Promise<Line> {
    const line = new Line(origin, fields);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lets so many chunks pass from now on; the others wait. */
  allow(chunks: number): void {
    this.#passed = 0;
    this.#allowed = chunks;
    this.#news.emit('change');
  }

  /** Cuts the connections of chunks that wait: their page has gone, which a connection that nobody reads from does not tell. */
  cutHeld(): void {
    for (const response of this.#held) response.destroy();
    this.#news.emit('change');
  }

  /** Chunks the server has taken. */
  get taken(): SeenChunk[] {
    return this.chunks.filter(({ status }) => status === 200);
  }

  /** Settles when this is so; something that goes by may change it. */
  async until(isSo: () => boolean, withinMs: number): Promise<void> {
    const signal = AbortSignal.timeout(withinMs);
    while (!isSo()) await once(this.#news, 'change', { signal });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const named = /^\/api\/uploads\/([^/]+)\/chunks\/(\d+)\?/.exec(request.url ?? '');
    const chunk: SeenChunk | undefined = named === null ? undefined : { session: named[1] ?? '', index: Number(named[2]) };
    if (chunk !== undefined) {
      this.chunks.push(chunk);
      this.#news.emit('change');
      this.#held.add(response);
      while (this.#passed >= this.#allowed && !response.destroyed) await once(this.#news, 'change');
      this.#held.delete(response);
      // The page has gone meanwhile.
      if (response.destroyed) return;
      this.#passed += 1;
    }
    const { hostname, port } = this.#to;
    const path = chunk === undefined ? request.url : `${request.url ?? ''}&${this.#fields}`;
    const onward = send({ hostname, port, path, method: request.method, headers: request.headers, agent: false });
    onward.on('response', (answer) => {
      if (chunk !== undefined && answer.statusCode !== undefined) chunk.status = answer.statusCode;
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
      this.#news.emit('change');
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }
}
