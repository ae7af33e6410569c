import { useState } from 'react';

interface Props {
  url: string;
  preview: string | undefined;
  width: number;
  height: number;
}

const calm = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

export function Player({ url, preview, width, height }: Props) {
  const [broken, setBroken] = useState(false);
  return (
    <div className="stage">
      <video
        className="stage-picture"
        src={url}
        poster={preview && `data:image/jpeg;base64,${preview}`}
        {...(width > 0 && height > 0 && { style: { aspectRatio: `${width} / ${height}` } })}
        controls
        playsInline
        // Browsers let a video begin by itself only without its sound.
        muted
        autoPlay={!calm()}
        onError={() => setBroken(true)}
      />
      {broken && (
        <p className="notice notice-warning" role="alert">
          This browser can’t play the annotated video. Download it and open it in a video player.
        </p>
      )}
    </div>
  );
}
