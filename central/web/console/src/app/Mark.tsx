import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import logo from './loa.svg';
import classes from './shell.module.css';

export function Mark() {
  const { t } = useTranslation('shell');
  return (
    <Link to="/" className={classes.mark}>
      <img src={logo} width={32} height={32} alt="" />
      <span>
        <strong>{t('product')}</strong>
        <small>{t('subtitle')}</small>
      </span>
    </Link>
  );
}
