package config

import "github.com/rs/zerolog"

// Log are the switches of what a program logs.
type Log struct {
	Level string `name:"log-level" env:"CAMPAIGN_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error (default ${default})."`
}

// Zerolog returns the level.
func (l Log) Zerolog() zerolog.Level {
	level, err := zerolog.ParseLevel(l.Level)
	if err != nil {
		return zerolog.InfoLevel
	}
	return level
}
