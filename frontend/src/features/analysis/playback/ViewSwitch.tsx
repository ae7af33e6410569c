import './playback.css';

interface Props {
  watching: boolean;
  /** There is enough of the video to be played. */
  watchable: boolean;
  onWatching: (watching: boolean) => void;
}

/** The newest frame, or the video as far as it is made. */
export function ViewSwitch({ watching, watchable, onWatching }: Props) {
  return (
    <div className="switch" role="group" aria-label="What to see">
      <button type="button" aria-pressed={!watching} onClick={() => onWatching(false)}>
        Live preview
      </button>
      <button
        type="button"
        aria-pressed={watching}
        disabled={!watchable}
        title={watchable ? 'The annotated video, as far as it is made' : 'As soon as some seconds of the video are made'}
        onClick={() => onWatching(true)}
      >
        Watch
      </button>
    </div>
  );
}
