import { useId, useRef } from 'react';
import { useFileDrop } from './useFileDrop';
import { ACCEPT, KINDS } from './videoFile';

/** A button that opens the file chooser. A file may be dropped on it, or anywhere else on the page. */
export function DropZone({ onFile }: { onFile: (file: File) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const hint = useId();
  const take = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file !== undefined) onFile(file);
  };
  const over = useFileDrop(take);

  return (
    <>
      <button
        type="button"
        className={over ? 'drop-zone brackets is-over' : 'drop-zone brackets'}
        aria-describedby={hint}
        onClick={() => input.current?.click()}
      >
        <svg className="drop-icon" viewBox="0 0 48 48" width="48" height="48" aria-hidden="true">
          <g fill="none" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round" strokeLinejoin="round">
            <rect x="6" y="11" width="36" height="26" rx="5" />
            <path d="M24 31V18m-5.500 5.500L24 18l5.500 5.500" />
          </g>
        </svg>
        <span className="drop-title">{over ? 'Let go to analyse it' : 'Drop a video here'}</span>
        <span className="drop-action">Choose a video</span>
        <span className="drop-hint" id={hint}>
          {KINDS.join(', ')}
        </span>
      </button>
      <input
        ref={input}
        className="visually-hidden"
        type="file"
        accept={ACCEPT}
        tabIndex={-1}
        aria-label="Video file"
        onChange={(event) => {
          take(event.target.files);
          // The same file can be chosen again.
          event.target.value = '';
        }}
      />
    </>
  );
}
