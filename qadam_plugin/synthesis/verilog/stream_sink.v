// Simulation only.
// Takes words in bursts, as fast as they come once ready is high, and compares them with those of a file.
module stream_sink #(parameter WIDTH = 8, COUNT = 1, BURST = 1, GAPS = 0, SEED = 1, FILE = "") (
    input clk, input rst, input valid, input [WIDTH-1:0] data, output reg ready, output reg done, output reg wrong
);
    reg [WIDTH-1:0] words [0:COUNT-1];
    integer next = 0, seed = SEED;
    initial begin
        $readmemh(FILE, words);
        ready = 0;
        done = 0;
        wrong = 0;
    end
    always @(posedge clk) if (!rst) begin
        if (valid !== 1'b0) begin
            if (valid !== 1'b1 || !ready || next >= COUNT || data !== words[next]) wrong <= 1;
            next = next + 1;
            if (next == COUNT) done <= 1;
            if (next % BURST == 0) ready <= #1 0;
        end else if (next < COUNT && ((GAPS == 0) || ($random(seed) & 7) == 0)) ready <= #1 1;
    end
endmodule
