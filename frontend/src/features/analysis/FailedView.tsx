import type { ReactNode } from 'react';
import type { Failure, FileSummary } from './state';
import { failureTitle } from './words';

interface Props {
  file: FileSummary;
  onAgain: () => void;
  onAnother: () => void;
}

export function FailedView({ failure, ...props }: Props & { failure: Failure }) {
  return (
    <Ending title={failureTitle(failure.code)} kind="bad" {...props}>
      <p className="lead" role="alert">
        {failure.sentence}
      </p>
      <p className="error-code">
        Code <code>{failure.code}</code>
        {failure.requestId !== undefined && (
          <>
            {' '}
            · For the operator: request <code>{failure.requestId}</code>
          </>
        )}
      </p>
    </Ending>
  );
}

export function CancelledView(props: Props) {
  return (
    <Ending title="Cancelled" kind="calm" {...props}>
      <p className="lead">You stopped the upload and the analysis.</p>
    </Ending>
  );
}

interface EndingProps extends Props {
  title: string;
  kind: 'bad' | 'calm';
  children: ReactNode;
}

function Ending({ title, kind, file, onAgain, onAnother, children }: EndingProps) {
  return (
    <section className="ending" aria-labelledby="ending-title">
      <svg className={`ending-icon is-${kind}`} viewBox="0 0 48 48" width="48" height="48" aria-hidden="true">
        <g fill="none" stroke="currentColor" strokeWidth="3" strokeLinecap="round">
          <circle cx="24" cy="24" r="20" />
          <path d={kind === 'bad' ? 'M24 14v13M24 33.500v.100' : 'M17 17l14 14M31 17L17 31'} />
        </g>
      </svg>
      <h1 id="ending-title">{title}</h1>
      <p className="file-name" title={file.name}>
        {file.name}
      </p>
      {children}
      <div className="actions">
        <button type="button" className="button button-primary" onClick={onAgain}>
          Try again
        </button>
        <button type="button" className="button" onClick={onAnother}>
          Choose another video
        </button>
      </div>
    </section>
  );
}
