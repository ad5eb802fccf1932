/**
 * The fields of a symbol in the groups in which the detail shows them. A test holds them equal to the catalogue: every
 * field but the symbol stands in exactly one. Pure.
 */

/** @type {readonly (readonly [title: string, fields: readonly string[]])[]} */
export const FIELD_GROUPS = Object.freeze([
  ["Price", ["price", "change", "change_percent", "gap_percent", "open", "change_from_open", "prev_close", "prev_high",
    "prev_low", "postmarket_change", "vwap", "vwap_distance", "price_source", "updated"]],
  ["Range", ["high", "low", "distance_from_high", "distance_from_low", "range_position", "new_highs_15m", "new_lows_15m",
    "last_high_at", "last_low_at", "premarket_high", "premarket_low", "atr", "atr_percent"]],
  ["Momentum", ["change_1m", "change_5m", "volume_1m", "volume_5m", "trades_1m", "score"]],
  ["Volume", ["volume_today", "dollar_volume", "rvol", "rvol_guarded", "rvol_slot", "rvol_method", "rvol_sessions",
    "vol_vs_adv", "float_rotation", "premarket_volume", "prev_volume", "avg_volume_10d", "avg_volume_30d",
    "avg_price_30d"]],
  ["Quote and state", ["bid", "ask", "spread_bps", "halted", "halted_at", "suspect", "stale", "no_reference"]],
  ["Company", ["name", "exchange", "type", "sector", "industry", "market_cap", "float_shares", "shares_outstanding",
    "beta", "is_etf"]],
]);
