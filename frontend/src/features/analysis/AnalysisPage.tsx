import { useEffect, useState } from 'react';
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

  return (
    <>
      <p className="visually-hidden" role="status" aria-live="polite">
        {announcement(analysis.state)}
      </p>
      <View analysis={analysis} />
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
