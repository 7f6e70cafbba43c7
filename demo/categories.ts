import type { CategoryHandle, DemoPicture } from './demo-shop.ts'
import { hex } from './palette.ts'
import type { PictureSpec } from './pictures/picture.ts'

export type DemoCategory = {
  readonly handle: CategoryHandle
  readonly title: string
  readonly description: string
  readonly picture: DemoPicture
}

const table: PictureSpec = {
  backdrop: { place: 'table', tone: 'clay', wood: '#a8774a' },
  things: [
    { motif: 'jug', look: { glaze: hex('Chalk'), seed: 10 }, x: 250, y: 684, scale: 0.84 },
    {
      motif: 'bowl',
      look: { glaze: hex('Pine'), inside: hex('Chalk'), filled: 'lemons' },
      x: 534,
      y: 716,
      scale: 0.74,
    },
  ],
}

const room: PictureSpec = {
  backdrop: { place: 'sill', tone: 'rose', view: 'dusk' },
  things: [
    { motif: 'tableLamp', look: { shade: hex('Ochre'), foot: '#5a4632' }, x: 316, y: 668, scale: 0.96 },
    { motif: 'vase', look: { glaze: hex('Chalk'), form: 'bottle' }, x: 600, y: 686, scale: 0.6 },
  ],
}

const desk: PictureSpec = {
  backdrop: { place: 'table', tone: 'stone', wood: '#8a5f3c' },
  things: [
    { motif: 'taskLamp', look: { enamel: hex('Pine') }, x: 556, y: 668, scale: 1.02 },
    { motif: 'mug', look: { glaze: hex('Clay') }, x: 212, y: 712, scale: 0.5 },
  ],
}

const garden: PictureSpec = {
  backdrop: { place: 'courtyard', tone: 'sand' },
  things: [
    { motif: 'wateringCan', look: { enamel: hex('Sea') }, x: 280, y: 690, scale: 0.74 },
    { motif: 'pot', look: { clay: hex('Clay'), plant: 'cactus' }, x: 590, y: 730, scale: 0.78 },
  ],
}

const walking: PictureSpec = {
  backdrop: { place: 'hillside', view: 'hills' },
  things: [
    { motif: 'boots', look: { leather: '#8a5a36' }, x: 300, y: 648, scale: 0.86 },
    { motif: 'campMug', look: { enamel: hex('Sky') }, x: 600, y: 656, scale: 0.6 },
  ],
}

const wardrobe: PictureSpec = {
  backdrop: { place: 'rail', tone: 'lilac', wood: '#c29b6b' },
  things: [{ motif: 'sweater', look: { wool: hex('Ochre') }, x: 400, y: 446, scale: 1.12 }],
}

function picture(handle: CategoryHandle, alt: string, spec: PictureSpec): DemoPicture {
  return { fileName: `category-${handle}.svg`, alt, spec }
}

/** The six rooms of the shop, in the order in which a visitor walks through them. */
export const demoCategories: readonly DemoCategory[] = [
  {
    handle: 'table',
    title: 'Table',
    description: 'Cups, plates, jugs and linen for meals that run late.',
    picture: picture('table', 'A white jug and a bowl of lemons on a wooden table', table),
  },
  {
    handle: 'room',
    title: 'Room',
    description: 'Lamps, chairs and cloth for the hours after the sun has gone.',
    picture: picture('room', 'A lit lamp and a vase in a window at dusk', room),
  },
  {
    handle: 'desk',
    title: 'Desk',
    description: 'Paper, pens and a good light, for work that is done by hand.',
    picture: picture('desk', 'A task lamp shining on a desk with a mug', desk),
  },
  {
    handle: 'garden',
    title: 'Garden',
    description: 'Pots, tools and a bench to sit down on when it is done.',
    picture: picture('garden', 'A watering can and a potted cactus in a courtyard', garden),
  },
  {
    handle: 'walking',
    title: 'Walking',
    description: 'Bags, boots and a flask, for going there on foot.',
    picture: picture('walking', 'Boots and an enamel mug on a dry stone wall', walking),
  },
  {
    handle: 'wardrobe',
    title: 'Wardrobe',
    description: 'Wool, linen and leather that get better with wear.',
    picture: picture('wardrobe', 'An ochre sweater hanging on a peg rail', wardrobe),
  },
]

export type DemoCollection = {
  readonly handle: string
  readonly title: string
  readonly description: string
  readonly products: readonly string[]
}

/** Goods that belong together across the categories. */
export const demoCollections: readonly DemoCollection[] = [
  {
    handle: 'long-lunch',
    title: 'The Long Lunch',
    description: 'Everything for a table under a tree, from the blanket to the last glass.',
    products: [
      'krater-serving-bowl',
      'harvest-jug',
      'fluted-tumblers',
      'long-lunch-napkins',
      'olive-wood-board',
      'symposium-carafe',
      'grove-oil-bottle',
      'orchard-blanket',
    ],
  },
  {
    handle: 'small-gifts',
    title: 'Small Gifts',
    description: 'Things under forty that fit in a coat pocket, or nearly.',
    products: [
      'agora-mug',
      'cedar-pencils',
      'correspondence-set',
      'fluted-candles',
      'seed-tin',
      'summit-camp-mug',
      'sunday-socks',
      'fluted-pencil-cup',
    ],
  },
  {
    handle: 'first-cold-day',
    title: 'The First Cold Day',
    description: 'Wool for the head, the hands and the sofa.',
    products: [
      'lambswool-scarf',
      'harbor-beanie',
      'winter-walk-mittens',
      'lookout-sweater',
      'hearth-slippers',
      'meander-throw',
      'second-wind-flask',
      'hestia-teapot',
    ],
  },
]
