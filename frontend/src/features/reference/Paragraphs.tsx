/** Text with an empty line between its paragraphs. */
export function Paragraphs({ text = '' }: { text?: string | undefined }) {
  return text.split('\n\n').filter(Boolean).map((paragraph) => <p key={paragraph}>{paragraph}</p>);
}
