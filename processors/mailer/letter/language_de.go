package letter

var german = language{
	tag: "de", decimal: ",", group: ".", percent: noBreak + "%",
	units: [4][2]string{{"Tag", "Tage"}, {"Stunde", "Stunden"}, {"Minute", "Minuten"}, {"Sekunde", "Sekunden"}},

	hello: "Guten Tag %s,", helloNobody: "Guten Tag,",
	subjects: [situations]string{
		hasStarted:            "Kampagne gestartet: %s",
		hasStartedLate:        "Kampagne verspätet gestartet: %s",
		hasEnded:              "Kampagne beendet (%[2]s): %[1]s",
		neverStarted:          "Kampagne ohne Start beendet (%[2]s): %[1]s",
		wasCancelled:          "Kampagne abgebrochen (%[2]s): %[1]s",
		neverStartedCancelled: "Kampagne vor dem Start abgebrochen (%[2]s): %[1]s",
	},
	leads: [situations]string{
		hasStarted:            "Ihre Kampagne „%s“ ist gestartet.",
		hasStartedLate:        "Ihre Kampagne „%s“ ist später als geplant gestartet.",
		hasEnded:              "Ihre Kampagne „%s“ ist beendet.",
		neverStarted:          "Ihre Kampagne „%s“ ist beendet, ohne je gestartet zu sein.",
		wasCancelled:          "Ihre Kampagne „%s“ wurde abgebrochen, während sie lief oder pausiert war.",
		neverStartedCancelled: "Ihre Kampagne „%s“ wurde vor ihrem Start abgebrochen.",
	},
	final: "endgültig", provisional: "vorläufig",

	late: "Sie ist um %s später als geplant gestartet. Die Geräte richten sich nach den geplanten Zeiten; was sie ab dem " +
		"geplanten Start gespielt haben, zählt.",
	follows: "Diese Nachricht ist vorläufig: Es werden noch Ausspielungen gezählt. Die endgültigen Zahlen folgen in einer " +
		"weiteren Mail; die Zählung schließt zur unten genannten Zeit oder kurz danach.",
	nothing:     "Es wurde keine Ausspielung gezählt.",
	overran:     "Gezählte Ausspielungen, die über das Ende der Kampagne hinaus dauerten: %s.",
	foot:        "Sie erhalten diese Mail, weil Sie als Kontakt dieser Kampagne genannt sind.",
	unsubscribe: "Abmelden",

	labels: labels{
		campaign: "Kampagne", advertiser: "Werbekunde", zone: "Zeitzone", starts: "Laufzeit von", ends: "Laufzeit bis",
		started: "Gestartet", ended: "Beendet", cancelled: "Abgebrochen", ready: "Beim Start bereite Geräte",
		plays: "Ausspielungen", impressions: "Impressions", budget: "Budget", spent: "Ausgegeben", released: "Freigegeben",
		statement: "Abrechnung", due: "Zählung schließt", store: "Filiale", creative: "Motiv", reason: "Grund",
	},
	topStores: "Nach Filialen", topCreative: "Nach Motiven", notCounted: "Nicht gezählte Ausspielungen, und warum",
	more:   [2]string{"und 1 weitere", "und %s weitere"},
	listed: "Die Abrechnung nennt %s von %s; dies sind die größten der genannten.",
	verdicts: map[string]string{
		"duplicate":        "mehrfach gemeldet",
		"out-of-window":    "außerhalb der Laufzeit",
		"not-active":       "während die Kampagne pausiert war oder aus anderem Grund nicht lief",
		"after-lock":       "gemeldet, nachdem die Zählung geschlossen war",
		"over-budget":      "über das Budget hinaus",
		"unknown-campaign": "gemeldet, bevor die Kampagne bekannt war",
		"invalid":          "mit unmöglichen Angaben",
	},
	noStores: "die Kampagne nennt keine Filialen",
	unknown:  "nicht bekannt",
}
