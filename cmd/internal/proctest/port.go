package proctest

// Port reserves a TCP port of 127.0.0.1 until the test ends: a program that the test starts can listen there, be killed
// and listen there again, and nobody else is given the port meanwhile.
func Port(t TB) int {
	t.Helper()
	port, release, err := holdPort()
	if err != nil {
		t.Fatalf("reserving a port: %v", err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Errorf("releasing port %d: %v", port, err)
		}
	})
	return port
}
