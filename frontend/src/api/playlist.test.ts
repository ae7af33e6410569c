import { expect, it } from 'vitest';
import { parsePlaylist } from './playlist';

const HEAD = '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MAP:URI="init.mp4"\n';

it('counts the segments of a playlist that grows', () => {
  expect(parsePlaylist(HEAD)).toEqual({ segments: 0, ended: false });
  expect(parsePlaylist(`${HEAD}#EXTINF:2.002000,\n0.m4s\n#EXTINF:2.002000,\n1.m4s\n`)).toEqual({ segments: 2, ended: false });
});

it('knows the end, whatever ends a line', () => {
  expect(parsePlaylist(`${HEAD}#EXTINF:0.500000,\n0.m4s\n#EXT-X-ENDLIST\n`.replaceAll('\n', '\r\n'))).toEqual({ segments: 1, ended: true });
});

it('takes nothing else for a playlist', () => {
  expect(parsePlaylist('<html>#EXTINF:2,\n#EXT-X-ENDLIST</html>')).toEqual({ segments: 0, ended: false });
  expect(parsePlaylist('')).toEqual({ segments: 0, ended: false });
});
