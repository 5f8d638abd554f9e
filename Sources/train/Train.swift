import Training

@main struct Train { static func main() { print("train") } }
