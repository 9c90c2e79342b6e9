import Files

/// Writes what `render` draws to the PNG file `path`, through a temporary file.
func writePNG(to path: String, _ render: () throws(FigureError) -> Canvas) throws {
  let bytes: [UInt8]
  do throws(FigureError) {
    bytes = try render().png()
  } catch {
    throw error.naming(path)
  }
  try AtomicFile.write(bytes, to: path)
}
