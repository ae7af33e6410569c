/** The smaller build has all of the whole one's words for what it does. */
declare module 'hls.js/light' {
  export { default } from 'hls.js';
}
