/** The mark of public/favicon.svg in the colours of the page. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <g fill="none" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round" strokeLinejoin="round">
        <path d="M4 9.500V7a3 3 0 0 1 3-3h2.500M22.500 4H25a3 3 0 0 1 3 3v2.500M28 22.500V25a3 3 0 0 1-3 3h-2.500M9.500 28H7a3 3 0 0 1-3-3v-2.500" />
        <path d="M4 16h6M22 16h6" />
      </g>
      <circle className="logo-eye" cx="16" cy="16" r="4" />
    </svg>
  );
}
