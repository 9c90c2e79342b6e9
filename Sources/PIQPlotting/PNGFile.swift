import PIQPlatform

/// Writes what `render` draws to the PNG file `path`, through a temporary file.
func writePNG(to path: String, _ render: () throws(Failure) -> Canvas) throws {
  try AtomicFile.write(try png(named: path, render), to: path)
}

/// The bytes of a PNG file of what `render` draws; errors name `path`.
func png(
  named path: String, _ render: () throws(Failure) -> Canvas
) throws(Failure) -> [UInt8] {
  do {
    return try render().png()
  } catch {
    throw error.naming(path)
  }
}
