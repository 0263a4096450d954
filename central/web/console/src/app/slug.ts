/** slug makes an id of a name: Lò Văn Đức becomes lo-van-duc. */
export function slug(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[đĐ]/g, 'd')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
}

export const isSlug = (id: string) => /^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$/.test(id);
