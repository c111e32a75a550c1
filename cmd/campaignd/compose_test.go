package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
)

// composition is compose/compose.yaml, as far as it is compared with the programs.
type composition struct {
	Services map[string]service
	Volumes  map[string]any
}

type service struct {
	Image         string
	Build         struct{ Context, Dockerfile string }
	Command       []string
	Hostname      string
	ContainerName string `yaml:"container_name"`
	Environment   map[string]string
	Ports         []string
	Volumes       []string
	Profiles      []string
	DependsOn     map[string]struct{ Condition string } `yaml:"depends_on"`
	Healthcheck   struct{ Test []string }
	Restart       string
	StopGrace     string `yaml:"stop_grace_period"`
	Deploy        struct {
		Resources struct{ Limits struct{ Memory string } }
	}
}

func readComposition(t *testing.T) composition {
	t.Helper()
	text, err := os.ReadFile("../../compose/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c composition
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestComposeIsAsSpecified holds compose/compose.yaml against the Compose Specification's schema.
func TestComposeIsAsSpecified(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/compose-spec.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../compose/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(asJSON(t, text)); err != nil {
		t.Error(err)
	}
	broken := strings.Replace(string(text), "stop_grace_period:", "stop_grace:", 1)
	if schema.Validate(asJSON(t, []byte(broken))) == nil {
		t.Error("the schema takes a service with stop_grace")
	}
}

func asJSON(t *testing.T, text []byte) (value any) {
	t.Helper()
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if value, err = jsonschema.UnmarshalJSON(strings.NewReader(string(encoded))); err != nil {
		t.Fatal(err)
	}
	return value
}

var (
	pinned   = regexp.MustCompile(`^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?$`)
	standard = regexp.MustCompile(`\$\{\w+:-([^}]*)\}`) // what counts for a variable that is not set
	loopback = regexp.MustCompile(`^127\.0\.0\.1:(\d+):(\d+)$`)
)

// once says whether a service does something once, before others start.
func (s service) once() bool { return s.Restart == "no" }

// TestComposedServices: each is pinned, bounded, and watched and restarted or done once; what it names is there.
func TestComposedServices(t *testing.T) {
	c := readComposition(t)
	for name, s := range c.Services {
		if s.Build.Dockerfile == "" && !pinned.MatchString(s.Image) {
			t.Errorf("%s: the image %q has no exact version", name, s.Image)
		}
		if s.once() {
			checkCommand(t, append([]string{"/campaignd"}, s.Command...))
		} else if s.Restart != "unless-stopped" || len(s.Healthcheck.Test) < 2 || s.Healthcheck.Test[0] != "CMD" {
			t.Errorf("%s: restart %q, health check %q", name, s.Restart, s.Healthcheck.Test)
		}
		if memory(t, s.Deploy.Resources.Limits.Memory) == 0 {
			t.Errorf("%s has no limit of memory", name)
		}
		for _, port := range s.Ports {
			if !loopback.MatchString(port) {
				t.Errorf("%s: the port %s is published beyond this host", name, port)
			}
		}
		for on, how := range s.DependsOn {
			other, there := c.Services[on]
			want := "service_healthy"
			if other.once() {
				want = "service_completed_successfully"
			}
			if !there || len(other.Profiles) > 0 || how.Condition != want {
				t.Errorf("%s depends on %s (%s)", name, on, how.Condition)
			}
		}
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			_, named := c.Volumes[from]
			if _, err := os.Stat(filepath.Join("../../compose", from)); !named && (!strings.HasPrefix(from, "./") || err != nil) {
				t.Errorf("%s: the volume %s is not there", name, from)
			}
		}
	}
}

// memory reads a limit: 512m, 3g, 2700MiB.
func memory(t *testing.T, text string) (bytes int64) {
	t.Helper()
	for unit, shift := range map[string]int{"m": 20, "g": 30, "MiB": 20, "GiB": 30} {
		if number, is := strings.CutSuffix(text, unit); is {
			n, err := strconv.ParseInt(number, 10, 64)
			if err != nil {
				t.Fatalf("%q is no amount of memory", text)
			}
			return n << shift
		}
	}
	return 0
}

// TestComposedEngine: the engine takes its variables as they stand there, is reached where the others look for it, and has time
// to end; several of it have a name each.
func TestComposedEngine(t *testing.T) {
	c := readComposition(t)
	e := c.Services["engine"]
	command, parser := runGrammar(t)
	known := map[string]bool{"GOMEMLIMIT": true}
	for _, flag := range parser.Model.Flags {
		for _, variable := range flag.Envs {
			known[variable] = true
		}
	}
	for name, value := range e.Environment {
		if !known[name] {
			t.Errorf("the engine has no variable %s", name)
		}
		t.Setenv(name, standard.ReplaceAllString(value, "$1"))
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	if err := command.check(); err != nil {
		t.Errorf("the engine would not start: %v", err)
	}
	if e.Hostname != "" || e.ContainerName != "" || e.Environment["CAMPAIGN_INSTANCE_ID"] != "" || len(e.Ports) > 0 {
		t.Errorf("a second instance would have the name or the port of the first: %+v", e)
	}
	if grace, err := time.ParseDuration(e.StopGrace); err != nil || grace < stopTimeout+time.Second {
		t.Errorf("it is given %s to end, and takes up to %s", e.StopGrace, stopTimeout)
	}
	limit, goes := memory(t, e.Deploy.Resources.Limits.Memory), memory(t, e.Environment["GOMEMLIMIT"])
	if share := 100 * goes / limit; share < 85 || share > 92 {
		t.Errorf("GOMEMLIMIT is %d %% of the limit", share)
	}
	checkCommand(t, e.Healthcheck.Test[1:])
	checkBrokers(t, c, command.Brokers)
	checkScraped(t, command.HTTPListen)
	checkDatabase(t, c.Services["postgres"], command.DatabaseURL)
	if _, there := c.Services["mailpit"]; !there || command.SMTPURL != "smtp://mailpit:1025?tls=none" {
		t.Errorf("the engine looks for the mail server at %s", command.SMTPURL)
	}
}

// checkDatabase looks whether the database's URL is that of the service.
func checkDatabase(t *testing.T, s service, url config.DatabaseURL) {
	t.Helper()
	env := map[string]string{}
	for name, value := range s.Environment {
		env[name] = standard.ReplaceAllString(value, "$1")
	}
	want := "postgres://" + env["POSTGRES_USER"] + ":" + env["POSTGRES_PASSWORD"] + "@postgres:5432/" + env["POSTGRES_DB"]
	if url.Reveal() != want {
		t.Errorf("the engine looks for the database at %s, which is another than the service's", url)
	}
}

// runGrammar returns campaignd run, and what reads its switches.
func runGrammar(t *testing.T) (*runCommand, *kong.Kong) {
	t.Helper()
	command := &runCommand{}
	parser, err := kong.New(command, kong.Vars{"processors": config.ProcessorNames()})
	if err != nil {
		t.Fatal(err)
	}
	return command, parser
}

// checkCommand looks at a command line of the image.
func checkCommand(t *testing.T, words []string) {
	t.Helper()
	parser, err := grammar()
	if err != nil {
		t.Fatal(err)
	}
	if words[0] != "/campaignd" {
		t.Errorf("%q is not in the image", words[0])
	}
	if _, err := parser.Parse(words[1:]); err != nil {
		t.Errorf("%q: %v", words, err)
	}
}

// checkBrokers looks whether the brokers are a service that says so of itself.
func checkBrokers(t *testing.T, c composition, brokers []string) {
	t.Helper()
	for _, broker := range brokers {
		host, _, err := net.SplitHostPort(broker)
		advertised := strings.Split(c.Services[host].Environment["KAFKA_ADVERTISED_LISTENERS"], ",")
		if err != nil || !slices.Contains(advertised, "PLAINTEXT://"+broker) {
			t.Errorf("the engine looks for a broker at %s; the service advertises %q", broker, advertised)
		}
	}
	kafka := c.Services["kafka"]
	for _, port := range kafka.Ports {
		_, published, _ := strings.Cut(port, "127.0.0.1:")
		outside, _, _ := strings.Cut(published, ":")
		if !strings.Contains(kafka.Environment["KAFKA_ADVERTISED_LISTENERS"], "://localhost:"+outside) {
			t.Errorf("the broker does not say that it is at localhost:%s", outside)
		}
	}
	pom, err := os.ReadFile("../internal/kafkatest/pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	if _, version, _ := strings.Cut(kafka.Image, ":"); !strings.Contains(string(pom), "<version>"+version+"</version>") {
		t.Errorf("%s is not the version that the engine is tested with", kafka.Image)
	}
}

// checkScraped looks whether Prometheus asks where the engine answers.
func checkScraped(t *testing.T, listen string) {
	t.Helper()
	var file struct {
		Global    map[string]string
		RuleFiles []string `yaml:"rule_files"`
		Scrapes   []struct {
			Job  string `yaml:"job_name"`
			Path string `yaml:"metrics_path"`
			DNS  []struct {
				Names   []string
				Type    string
				Port    int
				Refresh string `yaml:"refresh_interval"`
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	readYAML(t, "prometheus.yaml", &file)
	_, port, _ := net.SplitHostPort(listen)
	if len(file.Scrapes) != 1 || len(file.Scrapes[0].DNS) != 1 {
		t.Fatalf("Prometheus scrapes %+v", file.Scrapes)
	}
	scrape := file.Scrapes[0]
	if at := scrape.DNS[0]; scrape.Job != scrapeJob || scrape.Path != "/metrics" || strconv.Itoa(at.Port) != port ||
		!slices.Equal(at.Names, []string{"engine"}) {
		t.Errorf("Prometheus scrapes %+v, the engine answers at %s", scrape, listen)
	}
	if !slices.Equal(file.RuleFiles, []string{"alerts.yaml"}) {
		t.Errorf("Prometheus has the rules %q", file.RuleFiles)
	}
}

// TestReservedServicesStayOut: what no switch of the engine knows is started only when it is asked for.
func TestReservedServicesStayOut(t *testing.T) {
	_, parser := runGrammar(t)
	has := func(name string) bool {
		return slices.ContainsFunc(parser.Model.Flags, func(f *kong.Flag) bool { return f.Name == name })
	}
	c := readComposition(t)
	for service, flag := range map[string]string{"postgres": "database-url", "mailpit": "smtp-url"} {
		s, there := c.Services[service]
		if reserved := len(s.Profiles) > 0; !there || reserved == has(flag) {
			t.Errorf("%s: there: %t, in a profile: %t; the engine has --%s: %t", service, there, reserved, flag, has(flag))
		}
	}
}
