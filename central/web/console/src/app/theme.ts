import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

// A control room in the mountains: paper and slate, one deep green of the forest
// for what can be done, and strong colours kept for what matters. Red is an
// emergency and nothing else; violet is a drill and nothing else.
const ridge: MantineColorsTuple = ['#eef6f4', '#d9eae6', '#b0d4cc', '#84bcb1', '#5fa79a', '#41907f', '#2b786b', '#1a6257', '#124f47', '#0b3a35'];
const emergency: MantineColorsTuple = ['#fff0ee', '#ffdcd8', '#ffb5ae', '#ff8a80', '#f85f54', '#e53b31', '#c9241c', '#ae1a14', '#8f130f', '#6d0c0a'];
const drill: MantineColorsTuple = ['#f5f0ff', '#e7dbff', '#ceb6ff', '#b490fb', '#9c6ef2', '#8650e4', '#7138cf', '#5f2bb3', '#4c2191', '#38176d'];
const slate: MantineColorsTuple = ['#f6f7f5', '#e8ebe9', '#d0d6d4', '#aeb8b6', '#8b9795', '#6b7876', '#535f5e', '#3e4948', '#2a3333', '#171e1f'];
const night: MantineColorsTuple = ['#e4eae9', '#b9c4c3', '#98a5a4', '#6d7b7b', '#4a5858', '#354243', '#263132', '#1a2324', '#131a1b', '#0c1112'];
const grain: MantineColorsTuple = ['#fff8e6', '#fdedc4', '#fadb8a', '#f5c64c', '#eab01f', '#cf9508', '#a87600', '#855c00', '#664700', '#473100'];

export const theme = createTheme({
  primaryColor: 'ridge',
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  luminanceThreshold: 0.179,
  colors: { ridge, emergency, drill, slate, gray: slate, dark: night, grain },
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'Cascadia Mono', 'Noto Sans Mono', 'Liberation Mono', monospace",
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.5rem', lineHeight: '1.25' }, h2: { fontSize: '1.2rem', lineHeight: '1.3' }, h3: { fontSize: '1.05rem', lineHeight: '1.35' } },
  },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  // A thumb in the rain: nothing that is pressed is lower than 44 px.
  components: {
    Button: { defaultProps: { size: 'md' } },
    ActionIcon: { defaultProps: { size: 44, variant: 'subtle' } },
    TextInput: { defaultProps: { size: 'md' } },
    PasswordInput: { defaultProps: { size: 'md' } },
    Textarea: { defaultProps: { size: 'md', autosize: true, minRows: 3 } },
    Select: { defaultProps: { size: 'md', comboboxProps: { shadow: 'md' } } },
    MultiSelect: { defaultProps: { size: 'md', comboboxProps: { shadow: 'md' } } },
    NumberInput: { defaultProps: { size: 'md' } },
    Checkbox: { defaultProps: { size: 'md' } },
    Switch: { defaultProps: { size: 'md' } },
    SegmentedControl: { defaultProps: { size: 'md' } },
    Menu: { defaultProps: { shadow: 'md', withInitialFocusPlaceholder: false } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.55 } } },
    // A page has one header; that of a dialog is none.
    ModalHeader: { defaultProps: { component: 'div' } },
    Paper: { defaultProps: { withBorder: true, p: 'md' } },
  },
});

/** tokens are the console's own colours: --loa-*. Text on its ground has a
 * contrast of at least 4.5 in both schemes; a test computes it. */
export const tokens = {
  light: {
    ground: '#f3f4f0', // the page
    surface: '#ffffff', // cards
    line: '#d0d6d4',
    text: '#171e1f',
    quiet: '#535f5e', // second to text
    shell: '#0e3b3a', // header and bar
    'shell-text': '#eaf3f1',
    'shell-quiet': '#a9c9c3',
    link: '#1a6257',
    emergency: '#b3170f',
    'emergency-text': '#ffffff',
    'emergency-soft': '#ffecea',
    'emergency-on-soft': '#8f130f',
    drill: '#5f2bb3',
    'drill-text': '#ffffff',
    'drill-soft': '#f1eaff',
    'drill-on-soft': '#4c2191',
    'drill-stripe': '#4c2191',
    ok: '#1d7a3e',
    'ok-soft': '#e4f4e9',
    'ok-on-soft': '#14592d',
    warn: '#8a5a00',
    'warn-soft': '#fdf1d3',
    'warn-on-soft': '#664300',
    unknown: '#566362', // nothing is known: never green, never red
    'unknown-soft': '#e8ebe9',
    'unknown-on-soft': '#3e4948',
    // Risk levels have the colours of Decision 18/2021, in both schemes.
    'level-1': '#bfe6fa',
    'level-1-text': '#171e1f',
    'level-2': '#fff3ae',
    'level-2-text': '#171e1f',
    'level-3': '#f99b2d',
    'level-3-text': '#171e1f',
    'level-4': '#c9241c',
    'level-4-text': '#ffffff',
    'level-5': '#8a1f7d',
    'level-5-text': '#ffffff',
  },
  dark: {
    ground: '#0c1112',
    surface: '#151c1d',
    line: '#354243',
    text: '#e4eae9',
    quiet: '#a5b2b1',
    shell: '#0a2221',
    'shell-text': '#e1efec',
    'shell-quiet': '#8fb5ae',
    link: '#84bcb1',
    emergency: '#c9241c',
    'emergency-text': '#ffffff',
    'emergency-soft': '#3a1210',
    'emergency-on-soft': '#ffb5ae',
    drill: '#7138cf',
    'drill-text': '#ffffff',
    'drill-soft': '#231640',
    'drill-on-soft': '#ceb6ff',
    'drill-stripe': '#5f2bb3',
    ok: '#58bd7c',
    'ok-soft': '#10291a',
    'ok-on-soft': '#93dcaa',
    warn: '#e0ab3c',
    'warn-soft': '#2e230c',
    'warn-on-soft': '#f5cf7d',
    unknown: '#98a5a4',
    'unknown-soft': '#222b2c',
    'unknown-on-soft': '#b9c4c3',
    'level-1': '#bfe6fa',
    'level-1-text': '#171e1f',
    'level-2': '#fff3ae',
    'level-2-text': '#171e1f',
    'level-3': '#f99b2d',
    'level-3-text': '#171e1f',
    'level-4': '#c9241c',
    'level-4-text': '#ffffff',
    'level-5': '#8a1f7d',
    'level-5-text': '#ffffff',
  },
};

const named = (scheme: Record<string, string>) => Object.fromEntries(Object.entries(scheme).map(([name, value]) => [`--loa-${name}`, value]));

export const resolver: CSSVariablesResolver = () => ({
  variables: {},
  light: { ...named(tokens.light), '--mantine-color-body': tokens.light.ground, '--mantine-color-text': tokens.light.text, '--mantine-color-dimmed': tokens.light.quiet, '--mantine-color-anchor': tokens.light.link, '--mantine-color-error': tokens.light.emergency },
  dark: { ...named(tokens.dark), '--mantine-color-body': tokens.dark.ground, '--mantine-color-text': tokens.dark.text, '--mantine-color-dimmed': tokens.dark.quiet, '--mantine-color-anchor': tokens.dark.link, '--mantine-color-error': tokens.dark['emergency-on-soft'] },
});
