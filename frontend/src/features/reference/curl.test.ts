import { expect, it } from 'vitest';
import { curlOf } from './curl';
import { sections } from './sections';
import { testDescription } from './testDescription';

it('asks with what the operation cannot do without', () => {
  const entries = sections(testDescription).flatMap((section) => section.entries);
  const commands = entries.map((entry) => curlOf(testDescription, entry, 'http://host'));
  expect(commands).toEqual([
    "curl -N -F 'id=it'\\''s' -F count=0 -F file=@video.mp4 'http://host/things/a%20b'",
    "curl -X DELETE 'http://host/things/a%20b'",
    "curl -OJ 'http://host/files/a%20b'",
    "curl -I 'http://host/files/a%20b'",
    "curl -X PUT -H 'Content-Type: application/octet-stream' --data-binary @video.mp4 'http://host/files/a%20b?total=1'",
  ]);
});
