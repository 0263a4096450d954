/** Kept is what this browser keeps, by person, in a database that is there for
 * nothing else: one that another tab still has open in an older form never
 * stands in the way of the keys. */
export class Kept<T extends { person: string }> {
  constructor(
    private readonly database: string,
    private readonly store: string,
  ) {}

  of(person: string): Promise<T | undefined> {
    return this.run('readonly', (s) => s.get(person) as IDBRequest<T | undefined>);
  }

  async put(one: T): Promise<void> {
    await this.run('readwrite', (s) => s.put(one));
  }

  async forget(person: string): Promise<void> {
    await this.run('readwrite', (s) => s.delete(person));
  }

  /** reach fails where this browser keeps nothing. */
  async reach(): Promise<void> {
    (await this.open()).close();
  }

  private open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const asked = indexedDB.open(this.database, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(this.store, { keyPath: 'person' });
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error ?? new Error(`open ${this.store}`));
      asked.onblocked = () => reject(new Error(`open ${this.store}: blocked`));
    });
  }

  /** run settles when the whole transaction is done: then it is on the disk. */
  private async run<A>(mode: IDBTransactionMode, ask: (s: IDBObjectStore) => IDBRequest<A>): Promise<A> {
    const db = await this.open();
    try {
      return await new Promise<A>((resolve, reject) => {
        const tx = db.transaction(this.store, mode, { durability: 'strict' });
        const asked = ask(tx.objectStore(this.store));
        tx.oncomplete = () => resolve(asked.result);
        tx.onabort = tx.onerror = () => reject(tx.error ?? asked.error ?? new Error(`keep ${this.store}`));
      });
    } finally {
      db.close();
    }
  }
}
