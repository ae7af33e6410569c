interface Hashing {
  subtle?: Pick<SubtleCrypto, 'digest'>;
}

/** In hex. Undefined where the browser gives no hashing, as to a page over plain http on a LAN: by hand it would cost more than it is worth. */
export async function sha256Hex(bytes: ArrayBuffer, { subtle }: Hashing = crypto): Promise<string | undefined> {
  if (subtle === undefined) return undefined;
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
