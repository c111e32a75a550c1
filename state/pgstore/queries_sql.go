package pgstore

const (
	selectWallet = `SELECT currency, coalesce(max(balance), 0)::text, sum(campaigns)::bigint,
  sum(held)::text, sum(spent)::text, sum(released)::text
FROM (
  SELECT currency, balance, 0 AS campaigns, 0::numeric AS held, 0::numeric AS spent, 0::numeric AS released
  FROM campaign_engine.accounts WHERE account >= 'wallet/' || $1 || '/' AND account < 'wallet/' || $1 || '0'
  UNION ALL
  SELECT c.currency, NULL, 1, coalesce(h.balance, 0), coalesce(r.spent, 0), coalesce(r.released, 0)
  FROM campaign_engine.campaigns c
  LEFT JOIN campaign_engine.accounts h ON h.account = 'hold/' || c.campaign_id
  LEFT JOIN campaign_engine.releases r ON r.release_id = c.campaign_id || '/release'
  WHERE c.advertiser_id = $1
) parts GROUP BY currency ORDER BY currency`

	selectCampaignMoney = `SELECT c.campaign_id, c.advertiser_id, c.status, c.currency, c.budget::text, coalesce(h.balance, 0)::text,
  r.release_id IS NOT NULL, coalesce(r.spent, 0)::text, coalesce(r.released, 0)::text, p.release_id IS NOT NULL, c.settled
FROM campaign_engine.campaigns c
LEFT JOIN campaign_engine.accounts h ON h.account = 'hold/' || c.campaign_id
LEFT JOIN campaign_engine.releases r ON r.release_id = c.campaign_id || '/release'
LEFT JOIN campaign_engine.pending_releases p ON p.release_id = c.campaign_id || '/release'
WHERE c.campaign_id = $1`

	statementFields = `SELECT campaign_id, version, statement_id, advertiser_id, status, revision, locked_at, adjusted_at, plays,
  impressions::text, late_plays, not_counted, currency, budget::text, cost::text, spent::text, released::text, body::text
FROM campaign_engine.statements`

	selectStatement = statementFields + ` WHERE campaign_id = $1 AND ($2::bigint = 0 OR version = $2)
ORDER BY version DESC LIMIT 1`

	selectStatementPage = statementFields + ` WHERE (campaign_id, version) > ($1::text, $2::bigint)
ORDER BY campaign_id, version LIMIT $3`

	// '0' is the character behind '/': the range is all keys that begin with <campaign_id>/.
	selectLedger = `SELECT e.set_key, e.line, e.account, e.currency, e.amount::text
FROM campaign_engine.entry_sets s JOIN campaign_engine.entries e ON e.set_key = s.set_key
WHERE s.set_key >= $1 || '/' AND s.set_key < $1 || '0' ORDER BY s.kind, s.sequence, e.line`

	selectReleasePage = `SELECT r.campaign_id, r.advertiser_id, r.currency, r.budget::text, r.spent::text, r.released::text,
  r.waiting,
  coalesce(-sum(e.amount) FILTER (WHERE e.account LIKE 'hold/%'), 0)::text,
  coalesce(sum(e.amount) FILTER (WHERE e.account LIKE 'revenue/%'), 0)::text,
  coalesce(sum(e.amount) FILTER (WHERE e.account LIKE 'wallet/%'), 0)::text
FROM (
  (SELECT *, false AS waiting FROM campaign_engine.releases WHERE release_id > $1 ORDER BY release_id LIMIT $2)
  UNION ALL
  (SELECT *, true FROM campaign_engine.pending_releases WHERE release_id > $1 ORDER BY release_id LIMIT $2)
  ORDER BY release_id LIMIT $2
) r LEFT JOIN campaign_engine.entries e ON e.set_key = r.release_id
GROUP BY r.release_id, r.campaign_id, r.advertiser_id, r.currency, r.budget, r.spent, r.released, r.waiting ORDER BY r.release_id`

	audit = `SELECT 'currency ' || currency, 'all balances together are ' || sum(balance) || ', not 0'
FROM campaign_engine.accounts GROUP BY currency HAVING sum(balance) <> 0
UNION ALL
SELECT 'set ' || set_key, 'its entries in ' || currency || ' sum to ' || sum(amount) || ', not 0'
FROM campaign_engine.entries GROUP BY set_key, currency HAVING sum(amount) <> 0
UNION ALL
SELECT 'set ' || s.set_key, 'it has ' || count(e.line) || ' of ' || s.lines || ' entries'
FROM campaign_engine.entry_sets s LEFT JOIN campaign_engine.entries e USING (set_key)
GROUP BY s.set_key HAVING count(e.line) <> s.lines
UNION ALL
SELECT 'account ' || a.account, 'its balance is ' || a.balance || ', its entries sum to ' || coalesce(e.total, 0)
FROM campaign_engine.accounts a
LEFT JOIN (SELECT account, sum(amount) AS total FROM campaign_engine.entries GROUP BY account) e USING (account)
WHERE a.balance <> coalesce(e.total, 0)
UNION ALL
SELECT 'account ' || e.account, 'it has entries and does not exist'
FROM campaign_engine.entries e LEFT JOIN campaign_engine.accounts a USING (account) WHERE a.account IS NULL GROUP BY e.account
UNION ALL
SELECT 'campaign ' || c.campaign_id, 'it holds ' || c.held || ', the ledger ' || coalesce(a.balance, 0)
FROM campaign_engine.campaigns c
LEFT JOIN campaign_engine.accounts a ON a.account = 'hold/' || c.campaign_id
LEFT JOIN campaign_engine.releases r ON r.release_id = c.campaign_id || '/release'
WHERE coalesce(a.balance, 0) <> CASE WHEN r.release_id IS NULL THEN c.held ELSE 0 END
ORDER BY 1, 2`
)
