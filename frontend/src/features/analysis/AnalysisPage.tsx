import { useEffect, useRef, useState } from 'react';
import type { Client } from '../../api/client';
import { CancelledView, FailedView } from './FailedView';
import { IdleView } from './IdleView';
import { DEFAULT_OPTIONS } from './options';
import { ResultView } from './ResultView';
import { RunningView } from './RunningView';
import { useAnalysis, type Analysis } from './useAnalysis';
import { announcement, pageTitle } from './words';
import './analysis.css';

export function AnalysisPage({ client }: { client: Client }) {
  const analysis = useAnalysis(client);
  const title = pageTitle(analysis.state);
  useEffect(() => {
    document.title = title;
  }, [title]);

  const { phase } = analysis.state;
  const view = useRef<HTMLDivElement>(null);
  const shown = useRef(phase);
  useEffect(() => {
    if (shown.current === phase) return;
    shown.current = phase;
    // The control that was used is gone with its view: the keyboard goes on in the new one, not at the top of the page.
    if (document.activeElement === document.body) view.current?.focus();
  }, [phase]);

  return (
    <>
      <p className="visually-hidden" role="status" aria-live="polite">
        {announcement(analysis.state)}
      </p>
      <div className="view" ref={view} tabIndex={-1}>
        <View analysis={analysis} />
      </div>
    </>
  );
}

function View({ analysis: { state, start, cancel, tryAgain, reset } }: { analysis: Analysis }) {
  const [options, setOptions] = useState(DEFAULT_OPTIONS);
  switch (state.phase) {
    case 'idle':
      return <IdleView refusal={state.refusal} options={options} onOptions={setOptions} onFile={(file) => start(file, options)} />;
    case 'running':
      return <RunningView state={state} onCancel={cancel} />;
    case 'complete':
      return <ResultView file={state.file} result={state.result} preview={state.preview} onAnother={reset} />;
    case 'failed':
      return <FailedView file={state.file} failure={state.failure} onAgain={tryAgain} onAnother={reset} />;
    case 'cancelled':
      return <CancelledView file={state.file} onAgain={tryAgain} onAnother={reset} />;
  }
}
