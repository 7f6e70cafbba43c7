-- What was written here, one row for each time: whoever keeps answers asks for what has a higher number than what they have seen.
-- Writers come one at a time (put_products holds a lock until it commits), so numbers commit in their order.
create table news (
  number      bigint generated always as identity primary key,
  product_ids text[] not null,
  -- Whether what told of it came late, so that more may have changed than is told here.
  late        boolean not null,
  told_at     timestamptz not null default clock_timestamp()
);
