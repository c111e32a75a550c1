package letter

var english = language{
	tag: "en", decimal: ".", group: ",", percent: "%",
	units: [4][2]string{{"day", "days"}, {"hour", "hours"}, {"minute", "minutes"}, {"second", "seconds"}},

	hello: "Hello %s,", helloNobody: "Hello,",
	subjects: [situations]string{
		hasStarted:            "Campaign started: %s",
		hasStartedLate:        "Campaign started late: %s",
		hasEnded:              "Campaign ended (%[2]s): %[1]s",
		neverStarted:          "Campaign ended without starting (%[2]s): %[1]s",
		wasCancelled:          "Campaign cancelled (%[2]s): %[1]s",
		wasCancelledRunning:   "Campaign cancelled (%[2]s): %[1]s",
		wasCancelledPaused:    "Campaign cancelled (%[2]s): %[1]s",
		neverStartedCancelled: "Campaign cancelled before it started (%[2]s): %[1]s",
	},
	leads: [situations]string{
		hasStarted:            "Your campaign “%s” has started.",
		hasStartedLate:        "Your campaign “%s” has started, later than planned.",
		hasEnded:              "Your campaign “%s” has ended.",
		neverStarted:          "Your campaign “%s” has ended without ever starting.",
		wasCancelled:          "Your campaign “%s” was cancelled after it had started.",
		wasCancelledRunning:   "Your campaign “%s” was cancelled while it was running.",
		wasCancelledPaused:    "Your campaign “%s” was cancelled while it was paused.",
		neverStartedCancelled: "Your campaign “%s” was cancelled before it started.",
	},
	final: "final", provisional: "provisional",

	late: "It started %s later than planned. Devices go by the planned times, so what they played from the planned start on counts.",
	follows: "This is provisional: plays are still being counted, until the count closes at %s or shortly after. Nothing is " +
		"released before that. The final figures follow in another mail.",
	soFar: "This is provisional: the figures below are those so far, and may still rise until the count closes at %s or " +
		"shortly after. Nothing is released before that. The final figures follow in another mail.",
	nothing:       "No play was counted.",
	nothingYet:    "No play has been counted so far.",
	overran:       "Plays that count and went on past the end of the campaign: %s.",
	price:         "%s per 1,000 impressions",
	priceInForce:  "in force at the end",
	toWallet:      "to the wallet of %s",
	releasedLater: "nothing yet",
	foot:          "You get this mail because you are named as a contact of this campaign.",
	unsubscribe:   "Unsubscribe",

	labels: labels{
		campaign: "Campaign", advertiser: "Advertiser", zone: "Time zone", starts: "Flight starts", ends: "Flight ends",
		started: "Started", ended: "Ended", cancelled: "Cancelled", cause: "Reason given", ready: "Devices ready at the start",
		plays: "Plays", impressions: "Impressions", price: "Price (CPM)", budget: "Budget", spent: "Spent", released: "Released",
		statement: "Statement", due: "Count closes", playsSoFar: "Plays so far", impressionsSoFar: "Impressions so far",
		spentSoFar: "Spent so far", store: "Store", creative: "Creative", reason: "Reason",
	},
	figuresSoFar: "Figures so far, not final",
	topStores:    "By store", topCreative: "By creative", notCounted: "Plays that do not count, and why",
	more:        [2]string{"and 1 more", "and %s more"},
	listed:      "The statement names %s of %s; these are the largest of those that it names.",
	listedSoFar: "%s of %s were looked at; these are the largest of those.",
	verdicts: map[string]string{
		"duplicate":        "reported more than once",
		"out-of-window":    "outside the flight",
		"not-active":       "while the campaign was paused or otherwise not running",
		"after-lock":       "reported after the count had closed",
		"over-budget":      "beyond the budget",
		"unknown-campaign": "reported before the campaign was known",
		"invalid":          "with impossible figures",
	},
	noStores: "the campaign names no stores", noDevices: "none; its stores have no devices, or did not know of the campaign yet",
	unknown: "not known",
	readyMeans: "Ready: the content is on the device. The others play the campaign once they have it; only what is played " +
		"is charged.",
}
