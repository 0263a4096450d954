import { setNonce } from 'get-nonce';

// The page's policy takes style elements only with the nonce that the server
// wrote into this very page: Mantine's, the scroll lock's below its dialogs, and
// what a page hands to its own library, as wavesurfer's cspNonce.
const meta = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]');

export function nonce(): string {
  return meta?.nonce ?? '';
}

setNonce(nonce());
