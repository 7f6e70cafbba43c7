-- What was given back is counted as payments tell it, in any order: that a refund came back may be heard before the refund.
-- Payments hold the limit, refunded <= captured, where it is decided. The name is PostgreSQL's own for the check of 0001.
alter table orders drop constraint orders_check2;
