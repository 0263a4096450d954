import WaveSurfer from 'wavesurfer.js';
import { nonce } from '@/app/nonce';

/** drawWave shows the sound of a file in an element, in the page's colours. */
export function drawWave(container: HTMLElement, url: string): WaveSurfer {
  const colour = (name: string) => getComputedStyle(container).getPropertyValue(name).trim();
  return WaveSurfer.create({
    container,
    url,
    height: 48,
    barWidth: 2,
    barGap: 1,
    barRadius: 2,
    waveColor: colour('--loa-unknown'),
    progressColor: colour('--loa-link'),
    cursorColor: colour('--loa-text'),
    cspNonce: nonce(),
  });
}
