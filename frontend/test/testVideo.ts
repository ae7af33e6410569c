import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const SHARED = resolve(import.meta.dirname, '../../../shared/data/videos');

export const ffmpeg = () => process.env['SIGHTLINE_FFMPEG'] ?? 'ffmpeg';

/** A real video of more than 1 MiB: the named one, the shared one, or one that is made. */
export function testVideo(dir: string): string {
  const named = process.env['SIGHTLINE_TEST_VIDEO'];
  if (named !== undefined) return resolve(named);
  const shared = join(SHARED, 'people_walking_street_720p.mp4');
  return existsSync(shared) ? shared : madeVideo(join(dir, 'made.mp4'), 8, '640x360');
}

/** One of less than 1 MiB, likewise. */
export function smallTestVideo(dir: string): string {
  const shared = join(SHARED, 'pose_single_576x576.mp4');
  return existsSync(shared) ? shared : madeVideo(join(dir, 'small.mp4'), 2, '192x108');
}

/** One of more than 6 MiB: a real one that is played several times over. */
export function longTestVideo(dir: string, index: 'index first' | 'index last' = 'index first'): string {
  const path = join(dir, `long ${index}.mp4`);
  if (existsSync(path)) return path;
  const once = testVideo(dir);
  const again = Math.ceil((6 * 1024 * 1024) / statSync(once).size);
  const flags = index === 'index first' ? ['-movflags', '+faststart'] : [];
  run(['-stream_loop', String(again), '-i', once, '-map', '0:V:0', '-c', 'copy', ...flags, path]);
  return path;
}

/** Forty seconds in about 10 MiB, evenly: a few chunks of it are some seconds to watch. */
export function evenTestVideo(dir: string): string {
  const path = join(dir, 'even.mp4');
  if (existsSync(path)) return path;
  const input = 'testsrc2=size=640x360:rate=25:duration=40,noise=alls=40:allf=t';
  const rate = ['-b:v', '2000k', '-minrate', '2000k', '-maxrate', '2000k', '-bufsize', '1000k'];
  run(['-f', 'lavfi', '-i', input, '-c:v', 'libx264', '-preset', 'ultrafast', ...rate, '-pix_fmt', 'yuv420p', '-movflags', '+faststart', path]);
  return path;
}

/** Of noise, so that it is not small for its length. */
function madeVideo(path: string, seconds: number, size: string): string {
  const input = `testsrc2=size=${size}:rate=25:duration=${seconds},noise=alls=40:allf=t`;
  run(['-f', 'lavfi', '-i', input, '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '26', '-pix_fmt', 'yuv420p', '-movflags', '+faststart', path]);
  return path;
}

/** Pictures of a video with boxes drawn into them, for the fake's previews. */
export function pictures(video: string, dir: string): Buffer[] {
  const boxes = ['40:140:70:190', '250:120:60:170', '420:150:80:200'].map((place) => {
    const [x, y, w, h] = place.split(':');
    return `drawbox=x=${x}:y=${y}:w=${w}:h=${h}:color=0x45d3a6:t=3`;
  });
  mkdirSync(dir, { recursive: true });
  run(['-i', video, '-vf', ['fps=4', 'scale=640:-2', ...boxes].join(','), '-q:v', '5', join(dir, '%03d.jpg')]);
  return readdirSync(dir).sort().map((name) => readFileSync(join(dir, name)));
}

function run(args: string[]): void {
  const { status, stderr, error } = spawnSync(ffmpeg(), ['-v', 'error', '-y', ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${ffmpeg()} failed: ${error?.message ?? stderr}`);
}
