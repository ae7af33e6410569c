import { useCallback, useEffect, useReducer, useRef } from 'react';
import type { Client } from '../../api/client';
import type { AnalysisOptions } from '../../api/wire';
import { AnalysisJob, JOB_SETTINGS } from './job';
import { IDLE, reduce, type AnalysisState } from './state';
import { browserShelf, UploadMemory } from './upload/uploadMemory';
import { checkFile } from './videoFile';

export interface Analysis {
  state: AnalysisState;
  start: (file: File, options: AnalysisOptions) => void;
  cancel: () => void;
  /** The same file with the same options once more. */
  tryAgain: () => void;
  reset: () => void;
}

/** Ties the job to the reducer. The only place of the feature that holds something that runs. */
export function useAnalysis(client: Client): Analysis {
  const [state, dispatch] = useReducer(reduce, IDLE);
  const job = useRef<AnalysisJob>(undefined);
  const last = useRef<{ file: File; options: AnalysisOptions }>(undefined);

  const start = useCallback(
    (file: File, options: AnalysisOptions) => {
      const check = checkFile(file);
      if (!check.ok) { dispatch({ type: 'refused', refusal: check.refusal }); return; }
      job.current?.cancel();
      last.current = { file, options };
      job.current = new AnalysisJob({ file, ext: check.ext, options }, client, JOB_SETTINGS, dispatch, new UploadMemory(browserShelf()));
    },
    [client],
  );
  const cancel = useCallback(() => job.current?.cancel(), []);
  const tryAgain = useCallback(() => {
    if (last.current !== undefined) start(last.current.file, last.current.options);
  }, [start]);
  const reset = useCallback(() => dispatch({ type: 'reset' }), []);

  const uploading = state.phase === 'running' && !state.upload.finished;
  useEffect(() => {
    if (!uploading) return;
    // Leaving interrupts an upload: the browser asks first.
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [uploading]);

  return { state, start, cancel, tryAgain, reset };
}
