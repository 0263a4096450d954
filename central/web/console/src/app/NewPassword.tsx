import { PasswordInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

const least = 10; // characters, as central/registry
const different = 5;

/** passwordFault is what is wrong with a new password, as far as a page can
 * tell; the server judges. */
export function passwordFault(password: string, again: string): 'short' | 'same' | 'differs' | undefined {
  const all = [...password.normalize('NFC')];
  if (all.length < least) return 'short';
  if (new Set(all.map((c) => c.toLowerCase())).size < different) return 'same';
  if (password !== again) return 'differs';
  return undefined;
}

interface Props {
  value: string;
  again: string;
  onChange: (value: string, again: string) => void;
  /** Whose it is: for the browser's own memory of passwords. */
  person?: string;
  /** Say what is wrong: not while somebody has only begun to type. */
  judged: boolean;
  label?: string;
}

export function NewPassword({ value, again, onChange, person, judged, label }: Props) {
  const { t } = useTranslation();
  const fault = judged ? passwordFault(value, again) : undefined;
  return (
    <>
      {person !== undefined && <input type="text" hidden name="username" autoComplete="username" value={person} readOnly />}
      <PasswordInput
        label={label ?? t('password.new')}
        description={t('password.rule')}
        autoComplete="new-password"
        value={value}
        onChange={(e) => onChange(e.currentTarget.value, again)}
        error={fault === 'short' || fault === 'same' ? t(`password.${fault}`) : undefined}
        required
        maxLength={200}
      />
      <PasswordInput
        label={t('password.again')}
        autoComplete="new-password"
        value={again}
        onChange={(e) => onChange(value, e.currentTarget.value)}
        error={fault === 'differs' ? t('password.differs') : undefined}
        required
        maxLength={200}
      />
    </>
  );
}
