import { Select } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useAreas } from '@/api/areas';
import { areasFor, useMe, type RoleName } from '@/api/me';

const roles: RoleName[] = ['officer', 'broadcaster', 'technician', 'administrator'];

interface Props {
  role: RoleName | null;
  area: string | null;
  onChange: (role: RoleName | null, area: string | null) => void;
}

/** RoleFields choose a role in an area: of those in which the administrator may
 * give one. */
export function RoleFields({ role, area, onChange }: Props) {
  const { t } = useTranslation(['people', 'words']);
  const me = useMe();
  const areas = useAreas();
  const own = areasFor(me, 'manage-people');
  const choice = areas.all
    .filter((a) => areas.path(a.code).some((code) => own.includes(code)) && a.kind !== 'village')
    .map((a) => ({ value: a.code, label: `${areas.name(a.code)} (${a.code})` }));
  return (
    <>
      <Select label={t('role')} data={roles.map((r) => ({ value: r, label: t(`words:role.${r}`) }))} value={role} onChange={(r) => onChange(r as RoleName | null, area)} />
      <Select label={t('area')} data={choice} value={area} onChange={(a) => onChange(role, a)} searchable limit={60} nothingFoundMessage={t('noArea')} />
    </>
  );
}
