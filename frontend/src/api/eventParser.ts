/**
 * Server-Sent Events as the HTML standard defines them: bytes in, events out. Pure: no fetch, no clock.
 * A feed may end anywhere, also inside a CR LF pair or a character of several bytes.
 */

export interface ServerEvent {
  /** The event's name; `message` when the server gave none. */
  type: string;
  data: string;
  /** The last id seen up to this event, '' when there was none. */
  id: string;
}

export class EventParser {
  /** What a reconnecting client sends as `Last-Event-ID`. */
  lastEventId = '';
  /** The server's wish for the pause before a reconnection, in milliseconds. */
  retryMs: number | undefined;

  // TextDecoder swallows one leading byte order mark, as the standard asks.
  readonly #decoder = new TextDecoder('utf-8');
  #line = '';
  /** The last character seen was a CR: a LF right after it belongs to the same line end. */
  #afterCarriageReturn = false;
  #type = '';
  #id = '';
  #data: string[] = [];

  /** The events these bytes complete. An event that is cut off by the end of the stream is never given out. */
  feed(bytes: Uint8Array): ServerEvent[] {
    const events: ServerEvent[] = [];
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return events;
    if (this.#afterCarriageReturn && text.startsWith('\n')) text = text.slice(1);
    this.#afterCarriageReturn = text.endsWith('\r');

    const parts = text.split(/\r\n|\r|\n/);
    for (const [index, part] of parts.entries()) {
      this.#line += part;
      if (index === parts.length - 1) break;
      const event = this.#take(this.#line);
      this.#line = '';
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #take(line: string): ServerEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    switch (field) {
      case 'event':
        this.#type = value;
        break;
      case 'data':
        this.#data.push(value);
        break;
      case 'id':
        if (!value.includes('\0')) this.#id = value;
        break;
      case 'retry':
        if (/^[0-9]+$/.test(value)) this.retryMs = Number(value);
        break;
    }
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    this.lastEventId = this.#id;
    const event = { type: this.#type || 'message', data: this.#data.join('\n'), id: this.#id };
    const empty = this.#data.length === 0;
    this.#type = '';
    this.#data = [];
    return empty ? undefined : event;
  }
}
