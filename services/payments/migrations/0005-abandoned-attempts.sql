-- When the provider was last told to let an attempt go. While somebody waits for its answer no authorization is believed: the
-- provider voids it when it hears of the end, whatever it said before.
alter table payments add column abandoned_at timestamptz;
