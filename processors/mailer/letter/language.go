package letter

import "strings"

// language is all that a letter says in one language. In its texts %s is a name or a number that is written out already.
type language struct {
	tag                     string // BCP 47
	decimal, group, percent string
	units                   [4][2]string // one and many days, hours, minutes, seconds

	hello, helloNobody string
	subjects, leads    [situations]string // each with the campaign's name; the subjects of ends have their kind behind it
	final, provisional string             // kinds of an end

	late          string // how much
	follows       string // the figures of a provisional letter that has none: until when plays are counted
	soFar         string // the figures of a provisional letter: until when they may rise
	nothing       string // no play counted
	nothingYet    string // the same, so far
	overran       string // how many plays went on past the end
	price         string // of how much, with the currency
	priceInForce  string // which price that is
	toWallet      string // of which advertiser
	releasedLater string
	foot          string // why one gets this
	unsubscribe   string

	labels       labels
	figuresSoFar string // headings
	topStores    string
	topCreative  string
	notCounted   string
	more         [2]string // one and many, that are not named
	listed       string    // how many the statement names, of how many
	listedSoFar  string    // the same, where there is no statement yet
	verdicts     map[string]string

	noStores, noDevices, unknown string // readiness
	readyMeans                   string // where not all are ready
}

// labels are those of facts and of columns.
type labels struct {
	campaign, advertiser, zone, starts, ends, started, ended, cancelled, cause, ready string
	plays, impressions, price, budget, spent, released, statement, due                string
	playsSoFar, impressionsSoFar, spentSoFar                                          string
	store, creative, reason                                                           string
}

// situation is what a letter tells of.
type situation int

const (
	hasStarted situation = iota
	hasStartedLate
	hasEnded
	neverStarted
	wasCancelled // after it had started
	wasCancelledRunning
	wasCancelledPaused
	neverStartedCancelled
	situations
)

// languages are those that letters are written in; the first is for everybody who asks for another.
var languages = [...]*language{&english, &german}

// languageOf returns that of a locale (BCP 47, or as POSIX writes it: de_DE.UTF-8).
func languageOf(locale string) *language {
	primary, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
	for _, l := range languages {
		if strings.EqualFold(primary, l.tag) {
			return l
		}
	}
	return languages[0]
}
