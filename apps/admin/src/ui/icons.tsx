/** Drawn on a 20 × 20 grid with one line. */
const paths = {
  home: 'M3 9.5 10 3.5l7 6M5 8.5V16.5h10V8.5',
  orders: 'M5 3.5h10v13.5l-2.5-1.5-2.5 1.5-2.5-1.5L5 17zM8 7.5h4M8 10.5h4',
  products: 'M3.5 6.5 10 3l6.5 3.5v7L10 17l-6.5-3.5zM3.5 6.5 10 10l6.5-3.5M10 10v7',
  stock: 'M3.5 16.5v-13M16.5 16.5v-13M3.5 9h13M3.5 15h13M6 9V5.5h3.5V9M11 15v-3h3v3',
  promotions:
    'M5.5 14.5l9-9M6.5 8.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zM13.5 15.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z',
  giftCards: 'M3 6h14v9.5H3zM3 9.5h14M10 6v9.5M10 6C7 6 6 3.5 7.8 3.2 9.2 3 10 6 10 6s.8-3 2.2-2.8C14 3.5 13 6 10 6z',
  imports: 'M10 12.5V3.5M6.5 9 10 12.5 13.5 9M3.5 13v3.5h13V13',
  mails: 'M3 5h14v10.5H3zM3 5.5l7 5.5 7-5.5',
  events: 'M4 4.5h12v7H9l-3.5 4v-4H4zM10 6.5v2.2M10 10v.2',
  staff: 'M10 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 17c.5-3.2 2.9-5 6-5s5.5 1.8 6 5',
  shop: 'M8 4.5H4v11.5h11.5V12M11.5 3.5h5v5M16 4l-7 7',
  leave: 'M8 3.5H4v13h4M12.5 6.5 16 10l-3.5 3.5M16 10H8',
  menu: 'M3.5 6h13M3.5 10h13M3.5 14h13',
  close: 'M5 5l10 10M15 5 5 15',
  search: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM13 13l4 4',
} as const
export type IconName = keyof typeof paths

/** A picture beside a word, or within a control that has a name of its own. */
export function Icon({ name, className = 'size-5' }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 20 20"
      aria-hidden="true"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      className={`shrink-0 ${className}`}
    >
      <path d={paths[name]} />
    </svg>
  )
}
