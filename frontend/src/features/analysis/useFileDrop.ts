import { useEffect, useEffectEvent, useState } from 'react';

/** Takes files dropped anywhere on the page. True while files are held over it. */
export function useFileDrop(take: (files: FileList | undefined) => void): boolean {
  const [over, setOver] = useState(false);
  const taken = useEffectEvent(take);

  useEffect(() => {
    const onOver = () => setOver(true);
    const onLeave = (event: DragEvent) => {
      // Without a target the pointer has left the window; with one it has only gone from one element to the next.
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      setOver(false);
      taken(event.dataTransfer?.files);
    };
    window.addEventListener('dragover', onOver);
    window.addEventListener('dragleave', onLeave);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('dragleave', onLeave);
      window.removeEventListener('drop', onDrop);
    };
  }, []);

  return over;
}
