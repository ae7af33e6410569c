import { describe, expect, it } from 'vitest';
import { EventParser, type ServerEvent } from './eventParser';

const encode = (text: string) => new TextEncoder().encode(text);

function parse(text: string): ServerEvent[] {
  return new EventParser().feed(encode(text));
}

const everything =
  '\uFEFFretry: 2000\n\n: keepalive\n\nid: 1\nevent: progress\ndata: {"frame_index":1}\n\n' +
  'id: 2\r\nevent: progress\r\ndata: grüße 👀\r\ndata:\r\ndata:  two spaces\r\n\r\n' +
  'id\revent:complete\rdata:end\r\r';
const expected: ServerEvent[] = [
  { type: 'progress', data: '{"frame_index":1}', id: '1' },
  { type: 'progress', data: 'grüße 👀\n\n two spaces', id: '2' },
  { type: 'complete', data: 'end', id: '' },
];

describe('EventParser', () => {
  it('reads ids, types, comments, multi-line data and all three line ends', () => {
    expect(parse(everything)).toEqual(expected);
  });

  it('gives the same events for every split into two and for single bytes', () => {
    const bytes = encode(everything);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const parser = new EventParser();
      expect([...parser.feed(bytes.slice(0, cut)), ...parser.feed(bytes.slice(cut))]).toEqual(expected);
    }
    const parser = new EventParser();
    expect([...bytes].flatMap((byte) => parser.feed(Uint8Array.of(byte)))).toEqual(expected);
    expect(parser.retryMs).toBe(2000);
  });

  it('keeps a CR LF pair together over empty feeds', () => {
    const parser = new EventParser();
    const feeds = ['data: a\r', '', '\n', '\r', '\n', '\ndata: b\n\n'];
    expect(feeds.flatMap((part) => parser.feed(encode(part)))).toMatchObject([{ data: 'a' }, { data: 'b' }]);
  });

  it('calls an unnamed event message and gives no event without data', () => {
    expect(parse('data: x\n\nevent: progress\n\ndata\n\n')).toEqual([
      { type: 'message', data: 'x', id: '' },
      { type: 'message', data: '', id: '' },
    ]);
  });

  it('does not give out an event that the stream cuts off', () => {
    expect(parse('data: whole\n\ndata: half\n')).toHaveLength(1);
  });

  it('keeps the id for later events and ignores one with a NUL', () => {
    expect(parse('id: 7\ndata: a\n\nid: 8\0\ndata: b\n\ndata: c\n\n').map((event) => event.id)).toEqual(['7', '7', '7']);
  });

  it('takes the id only with the blank line that ends its event', () => {
    const parser = new EventParser();
    parser.feed(encode('id: 1\ndata: a\n\nid: 2\ndata: b\n'));
    expect(parser.lastEventId).toBe('1');
  });

  it('ignores a retry that is no whole number', () => {
    const parser = new EventParser();
    parser.feed(encode('retry: 1.5\nretry: soon\n\n'));
    expect(parser.retryMs).toBeUndefined();
  });
});
