import { Logo } from './Logo';

/** The mark, which leads to the start page, and one link to elsewhere. */
export function Header({ link, label }: { link: string; label: string }) {
  return (
    <header className="app-header">
      <a className="brand" href="/" aria-label="Sightline, start page">
        <Logo />
        <span>Sightline</span>
      </a>
      <nav aria-label="More">
        <a className="quiet-link" href={link}>
          {label}
        </a>
      </nav>
    </header>
  );
}
