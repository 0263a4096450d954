// Takes out of package-lock.json what names a host: where a package came from
// (.npmrc sees to that) and whom to pay for it. What is left are names, versions
// and hashes. Run it after every change of a dependency; a test asks for it.
import { readFileSync, writeFileSync } from 'node:fs';

const name = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(name, 'utf8'));
for (const entry of Object.values(lock.packages)) {
  delete entry.resolved;
  delete entry.funding;
}
writeFileSync(name, JSON.stringify(lock, null, 2) + '\n');
