import { belt, hat, slippers, watch } from './motifs/accessories.ts'
import { lunchTin, rucksack, tote } from './motifs/bags.ts'
import { jug, mug, vase } from './motifs/ceramics.ts'
import { jacket, shirt } from './motifs/clothes.ts'
import { bookends, calendar, fountainPen, pencils } from './motifs/desk.ts'
import { bowl, dripper, plate, teapot } from './motifs/dinnerware.ts'
import { bench, board, chair, clock, drumTable, mirror, stool } from './motifs/furniture.ts'
import { apron, birdhouse, seedTin, trug, wateringCan } from './motifs/garden.ts'
import { carafe, cruet, tumbler } from './motifs/glass.ts'
import { beanie, mittens, socks, sweater } from './motifs/knitwear.ts'
import { candles, lantern, pendant, tableLamp, taskLamp } from './motifs/lamps.ts'
import { cards, deskPad, notebook } from './motifs/paper.ts'
import { pot } from './motifs/plants.ts'
import { blanketRoll, cushion, napkins, scarf, throwBlanket } from './motifs/textiles.ts'
import { compass, handTools, pencilCup, secateurs, shears } from './motifs/tools.ts'
import { boots, campMug, flask, umbrella, walkingStick } from './motifs/walking.ts'

/** Every thing the shop can draw, by name. */
export const motifs = {
  apron,
  beanie,
  belt,
  bench,
  birdhouse,
  blanketRoll,
  board,
  bookends,
  boots,
  bowl,
  calendar,
  campMug,
  candles,
  carafe,
  cards,
  chair,
  clock,
  compass,
  cruet,
  cushion,
  deskPad,
  dripper,
  drumTable,
  flask,
  fountainPen,
  handTools,
  hat,
  jacket,
  jug,
  lantern,
  lunchTin,
  mirror,
  mittens,
  mug,
  napkins,
  notebook,
  pencilCup,
  pencils,
  pendant,
  plate,
  pot,
  rucksack,
  scarf,
  secateurs,
  seedTin,
  shears,
  shirt,
  slippers,
  socks,
  stool,
  sweater,
  tableLamp,
  taskLamp,
  teapot,
  throwBlanket,
  tote,
  trug,
  tumbler,
  umbrella,
  vase,
  walkingStick,
  watch,
  wateringCan,
} as const
