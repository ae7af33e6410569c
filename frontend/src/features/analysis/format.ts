/** Numbers as people read them. The page is in English, so the numbers are too. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const count = (value: number) => whole.format(value);

export function plural(value: number, one: string, many: string): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function bytes(value: number): string {
  if (value < 1000) return `${count(value)} B`;
  if (value < 1e6) return `${count(value / 1e3)} kB`;
  if (value < 1e9) return `${oneDigit.format(value / 1e6)} MB`;
  return `${oneDigit.format(value / 1e9)} GB`;
}

/** `12.3 of 40.0 MB`: both in the unit of the whole. */
export function bytesOf(part: number, total: number): string {
  const [unit, size] = total < 1e6 ? ['kB', 1e3] : total < 1e9 ? ['MB', 1e6] : ['GB', 1e9];
  const format = (value: number) => (size === 1e3 ? count(value / size) : oneDigit.format(value / size));
  return `${format(part)} of ${format(total)} ${unit}`;
}

export const percent = (value: number) => `${count(Math.floor(Math.min(100, Math.max(0, value))))} %`;

export const rate = (value: number) => (value < 99.95 ? oneDigit.format(value) : count(value));

/** Of a video: `29.97 fps`, `25 fps`. */
export const frameRate = (value: number) => `${new Intl.NumberFormat('en', { maximumFractionDigits: 2 }).format(value)} fps`;

/** A length of time: `8.4 s`, `1:05 min`, `1:02:03 h`. */
export function duration(seconds: number): string {
  if (seconds < 59.95) return `${oneDigit.format(seconds)} s`;
  const total = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)} h` : `${minutes}:${two(rest)} min`;
}

/** A place in a video: `1:05.0`, `1:02:03.4`. */
export function position(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const [hours, minutes, rest] = [Math.floor(tenths / 36_000), Math.floor((tenths % 36_000) / 600), (tenths % 600) / 10];
  const two = (value: number) => String(value).padStart(2, '0');
  const tail = rest.toFixed(1).padStart(4, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${tail}` : `${minutes}:${tail}`;
}

/** A time still to go, which is a guess and so without tenths. */
export function remaining(seconds: number): string {
  return seconds < 59.5 ? `${count(Math.ceil(seconds))} s` : duration(seconds);
}

/** How much faster than it plays a video was analysed: `2.4×`. */
export function speed(videoSeconds: number, processingSeconds: number): string | undefined {
  if (videoSeconds <= 0 || processingSeconds <= 0) return undefined;
  return `${new Intl.NumberFormat('en', { maximumSignificantDigits: 2 }).format(videoSeconds / processingSeconds)}×`;
}
