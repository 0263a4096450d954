import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { story } from './stage';

/** A wire between a browser and the server, which can be cut. */
export interface Wire {
  address: string;
  cut(): void;
  mend(): void;
  end(): void;
}

export async function wire(): Promise<Wire> {
  const to = new URL(story.address);
  const open = new Set<Socket>();
  let whole = true;
  const server = createServer((from) => {
    if (!whole) return from.destroy();
    const on = connect(Number(to.port), to.hostname);
    for (const [a, b] of [
      [from, on],
      [on, from],
    ] as const) {
      open.add(a);
      a.pipe(b);
      a.on('error', () => b.destroy());
      a.on('close', () => {
        open.delete(a);
        b.destroy();
      });
    }
    return undefined;
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const drop = () => open.forEach((s) => s.destroy());
  return {
    address: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    cut() {
      whole = false;
      drop();
    },
    mend() {
      whole = true;
    },
    end() {
      server.close();
      drop();
    },
  };
}
