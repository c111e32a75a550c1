// Command hello prints a greeting; a test builds and starts it.
package main

import "fmt"

func main() { fmt.Println("hello") }
