import { useRef, useState } from 'react';
import type { Watching } from './playback/handOver';
import { ScrubStrip } from './playback/ScrubStrip';
import { Video } from './playback/Video';
import { ViewSwitch } from './playback/ViewSwitch';
import { ResultFacts } from './ResultFacts';
import { ResultPanel } from './ResultPanel';
import { RunningPanel } from './RunningPanel';
import type { Complete, Running } from './state';

interface Props {
  state: Running | Complete;
  onCancel: () => void;
  onAnother: () => void;
}

/**
 * The picture and what is to be said about it, while it runs and when it is complete: who watches the video that grows
 * goes on in the finished one, in the same element.
 */
export function Workspace({ state, onCancel, onAnother }: Props) {
  const [wantsVideo, setWantsVideo] = useState(false);
  const [shape, setShape] = useState<number>();
  /** The source that this browser cannot play. */
  const [brokenUrl, setBrokenUrl] = useState<string>();
  const videoRef = useRef<HTMLVideoElement>(null);
  const watchingRef = useRef<Watching>(undefined);

  const complete = state.phase === 'complete' ? state.result : undefined;
  const url = state.phase === 'complete' ? state.result.download_url : state.playlistUrl;
  const broken = url !== undefined && url === brokenUrl;
  const watching = url !== undefined && (complete !== undefined || (wantsVideo && !broken));

  return (
    <section className={complete ? 'workspace result' : 'workspace'} aria-label={complete ? 'Result' : 'Analysis'}>
      <div className="workspace-picture">
        {watching ? (
          <Video
            url={url}
            growing={complete === undefined}
            poster={state.preview && `data:image/jpeg;base64,${state.preview}`}
            shape={complete && complete.height > 0 ? complete.width / complete.height : shape}
            captionsUrl={complete?.captions_url}
            videoRef={videoRef}
            watchingRef={watchingRef}
            onBroken={() => setBrokenUrl(url)}
          />
        ) : (
          <Preview state={state} onShape={setShape} />
        )}
        {complete === undefined ? (
          <ViewSwitch watching={watching} watchable={url !== undefined && !broken} onWatching={setWantsVideo} />
        ) : (
          complete.sheet_url !== undefined &&
          complete.sheet_index_url !== undefined &&
          complete.duration_seconds > 0 && (
            <ScrubStrip videoRef={videoRef} pictures={complete.duration_seconds} sheetUrl={complete.sheet_url} indexUrl={complete.sheet_index_url} />
          )
        )}
        {broken && (
          <p className="notice notice-warning" role="alert">
            {complete
              ? 'This browser can’t play the annotated video. Download it and open it in a video player.'
              : 'This browser can’t play the video while it is being made. The preview goes on.'}
          </p>
        )}
        {complete?.warnings.map((warning) => (
          <p className="notice notice-warning" key={`${warning.code} ${warning.detail}`}>
            {warning.detail} {warning.code && <code>{warning.code}</code>}
          </p>
        ))}
      </div>
      {state.phase === 'running' ? (
        <RunningPanel state={state} onCancel={onCancel} />
      ) : (
        <ResultPanel file={state.file} result={state.result} onAnother={onAnother} />
      )}
      {complete && <ResultFacts result={complete} />}
    </section>
  );
}

/** The newest annotated frame. */
function Preview({ state: { preview, ...state }, onShape }: { state: Running | Complete; onShape: (shape: number) => void }) {
  const frame = state.phase === 'running' ? state.progress?.frame_index : undefined;
  return (
    <div className="stage brackets">
      {preview === undefined ? (
        <p className="stage-wait">The first annotated frame appears here</p>
      ) : (
        <img
          className="stage-picture"
          src={`data:image/jpeg;base64,${preview}`}
          alt={frame === undefined ? 'Annotated frame' : `Annotated frame ${frame + 1}`}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => onShape(naturalWidth / naturalHeight)}
        />
      )}
    </div>
  );
}
