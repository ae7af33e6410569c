interface Props {
  label: string;
  /** 0..100; undefined while nobody knows. */
  percent: number | undefined;
}

export function ProgressBar({ label, percent }: Props) {
  return (
    <div
      className={percent === undefined ? 'bar is-unknown' : 'bar'}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(percent !== undefined && { 'aria-valuenow': Math.floor(percent) })}
    >
      <div className="bar-fill" style={percent === undefined ? undefined : { transform: `scaleX(${percent / 100})` }} />
    </div>
  );
}
