package engine

import "sync"

// memoryRows holds sub-rows for WithContext.
type memoryRows struct {
	mu   sync.Mutex
	rows map[string][]byte
}

func newMemoryRows() *memoryRows { return &memoryRows{rows: make(map[string][]byte)} }

func (m *memoryRows) Get(key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rows[key], nil
}

func (m *memoryRows) Set(key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows[key] = value
	return nil
}

func (m *memoryRows) Delete(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rows, key)
	return nil
}
