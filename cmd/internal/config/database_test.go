package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
)

func TestDatabaseURLShowsNoPassword(t *testing.T) {
	for _, c := range []struct{ url, shown string }{
		{"postgres://u:" + password + "@h:5432/d", "postgres://u@h:5432/d"},
		{"postgresql://h/d?user=u&password=" + password, "postgresql://h/d"},
		{"postgres:///d?host=/run/postgresql&password=" + password, "postgres:///d"},
		{"", ""},
	} {
		g, err := parsed(t, "--database-url", c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if g.DatabaseURL.Reveal() != c.url || g.DatabaseURL.String() != c.shown {
			t.Errorf("%q is shown as %q, want %q, and revealed as %q", c.url, g.DatabaseURL, c.shown, g.DatabaseURL.Reveal())
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if said := fmt.Sprintf(verb, g); strings.Contains(said, password) {
				t.Errorf("%s prints the password: %s", verb, said)
			}
		}
	}
}

func TestWrongDatabaseURLs(t *testing.T) {
	for _, url := range []string{
		"u:" + password + "@h/d", "host=h password=" + password, "mysql://u:" + password + "@h/d", "postgres:" + password,
		"postgres://u:" + password + "@h:port/d", "postgres://u:" + password + "%@h/d", "postgres:///d?password=" + password,
	} {
		err := config.DatabaseURL(url).Check()
		if err == nil || !strings.HasPrefix(err.Error(), "--database-url: ") || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", url, err)
		}
	}
}
